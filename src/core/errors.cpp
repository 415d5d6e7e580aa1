#include "hocket/core/errors.hpp"

namespace hocket {
namespace {

std::string with_list(const std::string& message, const std::vector<std::exception_ptr>& exceptions) {
    if (exceptions.empty()) throw std::invalid_argument("hocket: an ExceptionGroup needs at least one exception");
    std::string text =
        message + " (" + std::to_string(exceptions.size()) + (exceptions.size() == 1 ? " error: " : " errors: ");
    for (std::size_t i = 0; i < exceptions.size(); ++i) {
        if (i > 0) text += "; ";
        text += describe(exceptions[i]);
    }
    return text + ")";
}

}  // namespace

CancelledError::CancelledError(std::string reason) : reason_(std::make_shared<const std::string>(std::move(reason))) {}

std::string CancelledError::message() const { return reason_->empty() ? "cancelled" : "cancelled: " + *reason_; }

ExceptionGroup::ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions)
    : std::runtime_error(with_list(message, exceptions)),
      exceptions_(std::make_shared<const std::vector<std::exception_ptr>>(std::move(exceptions))) {}

std::string describe(const std::exception_ptr& error) {
    if (!error) return "no error";
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        return exception.what();
    } catch (const CancelledError& cancelled) {
        return cancelled.message();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace hocket
