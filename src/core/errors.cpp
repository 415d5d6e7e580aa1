#include "hocket/core/errors.hpp"

#include "hocket/core/detail/is_cancellation.hpp"

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

CancelledError::CancelledError(std::string reason, std::string by)
    : texts_(std::make_shared<const std::pair<std::string, std::string>>(std::move(reason), std::move(by))) {}

std::string CancelledError::message() const {
    std::string text = "cancelled";
    if (!by().empty()) text += " by " + by();
    if (!reason().empty()) text += ": " + reason();
    return text;
}

ExceptionGroup::ExceptionGroup(const std::string& message, std::vector<std::exception_ptr> exceptions)
    : std::runtime_error(with_list(message, exceptions)),
      exceptions_(std::make_shared<const std::vector<std::exception_ptr>>(std::move(exceptions))) {}

bool detail::is_cancellation(const std::exception_ptr& error) noexcept {
    try {
        std::rethrow_exception(error);
    } catch (const CancelledError&) {
        return true;
    } catch (...) {
        return false;
    }
}

std::pair<ExceptionGroup::Errors, ExceptionGroup::Errors> ExceptionGroup::split(
    bool (*matches)(const std::exception_ptr&)) const {
    std::pair<Errors, Errors> parts;
    for (const std::exception_ptr& error : *exceptions_) {
        if (matches(error)) {
            parts.first.push_back(error);
            continue;
        }
        try {
            std::rethrow_exception(error);
        } catch (const ExceptionGroup& inner) {
            auto [first, second] = inner.split(matches);
            parts.first.insert(parts.first.end(), first.begin(), first.end());
            parts.second.insert(parts.second.end(), second.begin(), second.end());
        } catch (...) {
            parts.second.push_back(error);
        }
    }
    return parts;
}

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
