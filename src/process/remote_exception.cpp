#include "hocket/process/detail/remote_exception.hpp"

#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>
#include <variant>

#include "hocket/core/errors.hpp"
#include "hocket/process/errors.hpp"
#include "process/error_text.hpp"

namespace hocket {
namespace detail {
namespace {

// By the names of the types, which are the same in all processes of one program.
class Registry {
public:
    static Registry& get() {
        static Registry registry;
        return registry;
    }
    void add(const ExceptionKind& kind) {
        const std::scoped_lock guard(mutex_);
        kinds_.insert_or_assign(kind.type->name(), kind);
    }
    std::optional<ExceptionKind> find(std::string_view type) {
        const std::scoped_lock guard(mutex_);
        const auto found = kinds_.find(type);
        return found == kinds_.end() ? std::nullopt : std::optional(found->second);
    }

private:
    Registry() {
        add_texts<std::logic_error, std::invalid_argument, std::domain_error, std::length_error, std::out_of_range,
                  std::runtime_error, std::range_error, std::overflow_error, std::underflow_error>();
        add_texts<TimeoutError, InvalidStateError, DeadlockError, LockOrderError, BrokenBarrierError, QueueShutDown,
                  BrokenExecutor, BrokenThreadPool>();
        add_empty<std::exception, std::bad_alloc, std::bad_array_new_length, std::bad_cast, std::bad_typeid,
                  std::bad_function_call, std::bad_optional_access, std::bad_variant_access, std::bad_weak_ptr>();
        add({&typeid(std::system_error),
             [](Payload& payload) {
                 try {
                     throw;
                 } catch (const std::system_error& error) {
                     write_code(payload, error.code());
                     // what() is the text given, ": " and the message of the code.
                     std::string text = error.what();
                     const std::string end = ": " + error.code().message();
                     if (text.ends_with(end)) text.resize(text.size() - end.size());
                     write_value(payload, text);
                 }
             },
             [](PayloadReader& payload) {
                 const std::error_code code = read_code(payload);
                 return std::make_exception_ptr(std::system_error(code, read_value<std::string>(payload)));
             }});
        add({&typeid(std::filesystem::filesystem_error),
             [](Payload& payload) {
                 try {
                     throw;
                 } catch (const std::filesystem::filesystem_error& error) {
                     write_code(payload, error.code());
                     write_value(payload, std::string(error.what()));
                     write_value(payload, error.path1().string());
                     write_value(payload, error.path2().string());
                 }
             },
             [](PayloadReader& payload) {
                 const std::error_code code = read_code(payload);
                 const auto text = read_value<std::string>(payload);
                 const std::filesystem::path first = read_value<std::string>(payload);
                 const std::filesystem::path second = read_value<std::string>(payload);
                 return std::make_exception_ptr(std::filesystem::filesystem_error(text, first, second, code));
             }});
        add({&typeid(BrokenProcessPool),
             [](Payload& payload) {
                 try {
                     throw;
                 } catch (const BrokenProcessPool& error) {
                     write_value(payload, std::string(error.what()));
                     write_value(payload, error.pid());
                     write_value(payload, error.exit_code());
                 }
             },
             [](PayloadReader& payload) {
                 const auto text = read_value<std::string>(payload);
                 const int pid = read_value<int>(payload);
                 return std::make_exception_ptr(BrokenProcessPool(text, pid, read_value<int>(payload)));
             }});
    }
    template <class... E>
    void add_texts() {
        (add(exception_kind<E>()), ...);
    }
    template <class... E>
    void add_empty() {
        (add({&typeid(E), [](Payload&) {}, [](PayloadReader&) { return std::make_exception_ptr(E()); }}), ...);
    }
    // Categories are objects of a process; those that every process has are known by name.
    static void write_code(Payload& payload, const std::error_code& code) {
        write_value(payload, code.value());
        write_value(payload, std::string(code.category().name()));
    }
    static std::error_code read_code(PayloadReader& payload) {
        const int value = read_value<int>(payload);
        const auto category = read_value<std::string>(payload);
        for (const std::error_category* each :
             {&std::system_category(), &std::iostream_category(), &std::future_category()}) {
            if (category == each->name()) return {value, *each};
        }
        return {value, std::generic_category()};
    }

    std::mutex mutex_;
    std::map<std::string_view, ExceptionKind> kinds_;  // the names are those of the std::type_infos
};

void add_nested(std::string& text, const std::exception& error) {
    try {
        std::rethrow_if_nested(error);
    } catch (const std::exception& nested) {
        text += std::string("; because of ") + readable_type(current_exception_type()) + ": " + nested.what();
        add_nested(text, nested);
    } catch (...) {
    }
}

}  // namespace

void register_exception(const ExceptionKind& kind) { Registry::get().add(kind); }

// type, text, whether the original follows.
void write_current_exception(Payload& payload) {
    const std::string type = current_exception_type();
    std::string text;
    try {
        throw;
    } catch (const std::exception& error) {
        text = error.what();
        add_nested(text, error);
    } catch (...) {
    }
    write_value(payload, type);
    write_value(payload, text);
    const auto kind = Registry::get().find(type);
    write_value(payload, kind.has_value());
    if (kind) kind->write(payload);
}

std::exception_ptr read_exception(PayloadReader& payload, const std::string& where) {
    const auto type = read_value<std::string>(payload);
    auto text = read_value<std::string>(payload);
    std::exception_ptr original;
    if (read_value<bool>(payload)) {
        if (const auto kind = Registry::get().find(type)) original = kind->read(payload);
    }
    return std::make_exception_ptr(
        RemoteError(readable_type(type.c_str()), std::move(text), where, std::move(original)));
}

}  // namespace detail

RemoteError::RemoteError(std::string type, std::string message, const std::string& where, std::exception_ptr original)
    : std::runtime_error(type + (message.empty() ? "" : ": " + message) + " (in " + where + ")"),
      details_(std::make_shared<const Details>(Details{std::move(type), std::move(message), std::move(original)})) {}

void RemoteError::rethrow_original() const {
    if (details_->original) std::rethrow_exception(details_->original);
    throw RemoteError(*this);
}

}  // namespace hocket
