// ClientTransfer: one request and its response, with libcurl.
#pragma once
#include <array>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client_core.hpp"
#include "client_request.hpp"
#include "client_setup.hpp"
#include "hocket/sync/event.hpp"

namespace hocket::http::detail {

/// How the body of a response is given out.
enum class Deliver : std::uint8_t { whole, pieces };

/// One attempt at a request. The destructor ends it, wherever it is. Its coroutines must end before that.
class ClientTransfer {
public:
    ClientTransfer(std::shared_ptr<ClientCore> core, const ClientRequest& request, Deliver deliver);
    ClientTransfer(const ClientTransfer&) = delete;
    ClientTransfer& operator=(const ClientTransfer&) = delete;
    ~ClientTransfer();

    /// Waits for its turn and sends the request.
    Task<void> start(const ClientRequest& request);
    /// Sends the body from its generator. Returns at its end, or that of the transfer.
    Task<void> send_pieces(ClientRequest& request);
    /// Waits until the head of the response is there, or the transfer has ended.
    Task<void> until_head() { return until(&ClientTransfer::head_there); }
    Task<void> until_end() { return until(&ClientTransfer::over); }
    Task<void> until_readable() { return until(&ClientTransfer::readable); }
    /// Reads the rest of a body that nobody wants, if it is short, to keep the connection.
    Task<void> discard();

    bool has_head() const noexcept { return head_complete_; }
    /// Throws what went wrong, if anything did.
    void check() const;
    int status() const noexcept { return status_; }
    const Headers& headers() const noexcept { return headers_; }
    const std::string& url() const noexcept { return url_; }
    /// After the end.
    Response take_response();
    /// What has come of the body.
    std::string take_body();

    // For ClientCore.
    CURL* handle() const noexcept { return handle_; }
    void ended(CURLcode code) noexcept;
    void fail(Failure failure, const char* why) noexcept;

private:
    static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
    static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) noexcept;
    static std::size_t on_read(char* to, std::size_t, std::size_t room, void* self) noexcept;
    static int on_seek(void* self, curl_off_t offset, int origin) noexcept;

    Task<void> until(bool (ClientTransfer::*holds)() const);
    bool over() const noexcept { return over_; }
    bool head_there() const noexcept { return head_complete_ || over_; }
    bool readable() const noexcept { return !body_.empty() || over_; }
    bool wants_piece() const noexcept { return wants_piece_ || over_; }

    void take_header_line(std::string_view line);
    std::size_t take_body_bytes(std::string_view bytes);
    void give_piece(std::string piece);
    void end_pieces();
    void unpause(bool& paused);
    void begin(const ClientRequest& request);
    void reserve_body();
    void stop() noexcept;
    // Before a callback tells libcurl to end the transfer.
    void refuse(Failure failure, std::string why) noexcept;
    [[noreturn]] void throw_error(Failure failure, const std::string& why) const;
    [[noreturn]] void throw_code() const;

    const std::shared_ptr<ClientCore> core_;
    ClientPlace place_;
    const Deliver deliver_;
    const std::string name_;  // "GET http://host/"
    const std::string url_;
    const std::string host_;
    const std::shared_ptr<const std::string> text_;  // of the request's body
    const std::size_t max_body_;
    const std::optional<std::uint64_t> announced_;  // size of the request's body
    CURL* handle_ = nullptr;
    HeaderList header_list_;
    Event changed_;

    // The request's body.
    std::string piece_;
    std::size_t piece_sent_ = 0;
    std::uint64_t given_ = 0;
    bool last_piece_ = false;
    bool sending_ = false;      // pieces are to come
    bool wants_piece_ = false;  // and libcurl has paused until then
    bool send_paused_ = false;

    // The response.
    int status_ = 0;
    Headers headers_;
    std::size_t head_bytes_ = 0;
    bool head_complete_ = false;
    std::string body_;
    std::size_t body_bytes_ = 0;  // so far, with what was taken
    bool discards_ = false;
    bool receive_paused_ = false;

    // The end.
    bool over_ = false;
    CURLcode code_ = CURLE_OK;
    int system_error_ = 0;
    long proxy_status_ = 0;           // what the proxy said to CONNECT
    std::optional<Failure> failure_;  // in place of the code's
    std::string why_;
    std::array<char, CURL_ERROR_SIZE> message_{};
};

}  // namespace hocket::http::detail
