#include "client_transfer.hpp"

#include <charconv>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "hocket/core/errors.hpp"

namespace hocket::http::detail {
namespace {

constexpr std::size_t kMaxBody = std::size_t{256} << 20;      // of a response that is delivered as a whole
constexpr std::size_t kMaxHead = 256 * 1024;                  // header fields of a response
constexpr std::size_t kReadAhead = 256 * 1024;                // of a body that is delivered in pieces
constexpr std::size_t kWorthReading = 64 * 1024;              // of a body that nobody wants, to keep its connection
constexpr std::size_t kReserveAtMost = std::size_t{8} << 20;  // on the word of a Content-Length

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Failure failure_of(CURLcode code) noexcept {
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return Failure::url;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return Failure::resolve;
        case CURLE_COULDNT_CONNECT:
            return Failure::connect;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ENGINE_NOTFOUND:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_CLIENTCERT:
            return Failure::tls;
        case CURLE_PROXY:
            return Failure::proxy;
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_WRITE_ERROR:
            return Failure::response;
        default:
            return Failure::connection;
    }
}

std::string_view in_words(Failure failure) noexcept {
    switch (failure) {
        case Failure::resolve:
            return "the name has no address: ";
        case Failure::connect:
            return "no connection: ";
        case Failure::tls:
            return "no secure connection: ";
        case Failure::proxy:
            return "the proxy refuses: ";
        case Failure::response:
            return "what the server sends cannot be understood: ";
        default:
            return {};
    }
}

}  // namespace

ClientTransfer::ClientTransfer(std::shared_ptr<ClientCore> core, const ClientRequest& request, Deliver deliver)
    : core_(std::move(core)),
      deliver_(deliver),
      name_(request.name()),
      url_(request.url().text()),
      host_(request.url().host()),
      text_(request.body().text()),
      max_body_(request.options().max_body.value_or(
          deliver == Deliver::whole ? kMaxBody : std::numeric_limits<std::size_t>::max())),
      announced_(request.body().size()),
      sending_(request.body().has_pieces()) {}

ClientTransfer::~ClientTransfer() { stop(); }

Task<void> ClientTransfer::start(const ClientRequest& request) {
    co_await ClientCore::take_place(core_, request.url().origin(), place_);
    core_->settle();  // the client may be gone meanwhile
    begin(request);
}

void ClientTransfer::begin(const ClientRequest& request) {
    handle_ = core_->take_handle();
    curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, message_.data());
    curl_easy_setopt(handle_, CURLOPT_PRIVATE, this);
    curl_easy_setopt(handle_, CURLOPT_HEADERFUNCTION, &ClientTransfer::on_header);
    curl_easy_setopt(handle_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &ClientTransfer::on_body);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
    if (sending_) {
        curl_easy_setopt(handle_, CURLOPT_READFUNCTION, &ClientTransfer::on_read);
        curl_easy_setopt(handle_, CURLOPT_READDATA, this);
        curl_easy_setopt(handle_, CURLOPT_SEEKFUNCTION, &ClientTransfer::on_seek);
        curl_easy_setopt(handle_, CURLOPT_SEEKDATA, this);
    }
    set_up(handle_, request, core_->options(), header_list_);
    core_->start(*this);
}

void ClientTransfer::stop() noexcept {
    if (handle_) {
        core_->stop(*this);
        core_->give_back(handle_);
        handle_ = nullptr;
    }
    place_.give_back();
}

void ClientTransfer::ended(CURLcode code) noexcept {
    code_ = code;
    long error = 0;
    curl_easy_getinfo(handle_, CURLINFO_OS_ERRNO, &error);
    system_error_ = static_cast<int>(error);
    curl_easy_getinfo(handle_, CURLINFO_HTTP_CONNECTCODE, &proxy_status_);
    over_ = true;
    stop();
    changed_.set();
}

void ClientTransfer::fail(Failure failure, const char* why) noexcept {
    failure_ = failure;
    why_ = why;
    ended(CURLE_ABORTED_BY_CALLBACK);
}

// Looked at anew each time that something has changed: several tasks may wait for different things.
Task<void> ClientTransfer::until(bool (ClientTransfer::*holds)() const) {
    if ((this->*holds)()) co_return;
    const ClientCore::Waiting waiting(*core_);
    while (!(this->*holds)()) {
        changed_.clear();
        co_await changed_.async_wait();
    }
}

// ---- the request's body

Task<void> ClientTransfer::send_pieces(ClientRequest& request) {
    while (!last_piece_) {
        co_await until(&ClientTransfer::wants_piece);
        if (over_) co_return;
        request.begin_pieces();
        std::optional<std::string> piece = co_await request.body().pieces().next();
        if (piece) {
            give_piece(std::move(*piece));
        } else {
            end_pieces();
        }
    }
    sending_ = false;
}

void ClientTransfer::give_piece(std::string piece) {
    if (over_ || piece.empty()) return;
    given_ += piece.size();
    if (announced_ && given_ > *announced_) {
        throw std::length_error("hocket: " + name_ + ": the body has more than the " + std::to_string(*announced_) +
                                " bytes that were announced");
    }
    piece_ = std::move(piece);
    piece_sent_ = 0;
    wants_piece_ = false;
    unpause(send_paused_);
}

void ClientTransfer::end_pieces() {
    if (announced_ && given_ < *announced_) {
        throw std::length_error("hocket: " + name_ + ": the body has " + std::to_string(given_) + " bytes, not the " +
                                std::to_string(*announced_) + " that were announced");
    }
    last_piece_ = true;
    wants_piece_ = false;
    unpause(send_paused_);
}

std::size_t ClientTransfer::on_read(char* to, std::size_t, std::size_t room, void* self) noexcept {
    ClientTransfer& transfer = *static_cast<ClientTransfer*>(self);
    const std::string_view left = std::string_view(transfer.piece_).substr(transfer.piece_sent_);
    if (!left.empty()) {
        const std::size_t size = left.copy(to, room);
        transfer.piece_sent_ += size;
        return size;
    }
    if (transfer.last_piece_) return 0;
    transfer.wants_piece_ = transfer.send_paused_ = true;
    transfer.changed_.set();
    return CURL_READFUNC_PAUSE;
}

int ClientTransfer::on_seek(void* self, curl_off_t offset, int) noexcept {
    return offset == 0 && static_cast<ClientTransfer*>(self)->given_ == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

void ClientTransfer::unpause(bool& paused) {
    if (!handle_ || !paused) return;
    paused = false;  // before, since the callbacks may pause again
    const int still = (receive_paused_ ? CURLPAUSE_RECV : 0) | (send_paused_ ? CURLPAUSE_SEND : 0);
    if (const CURLcode code = curl_easy_pause(handle_, still); code != CURLE_OK) return ended(code);
    core_->go_on();
}

// ---- the response

std::size_t ClientTransfer::on_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
    ClientTransfer& transfer = *static_cast<ClientTransfer*>(self);
    try {
        transfer.take_header_line(std::string_view(data, size));
        return size;
    } catch (const std::exception& error) {
        transfer.refuse(Failure::response, error.what());
        return 0;
    }
}

void ClientTransfer::take_header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // a response, perhaps after interim ones
        status_ = 0;
        const std::size_t code = std::min(line.find(' '), line.size() - 1) + 1;
        std::from_chars(line.data() + code, line.data() + line.size(), status_);
        headers_.clear();
        head_bytes_ = 0;
        return;
    }
    if (head_complete_) return;  // trailers
    head_bytes_ += line.size();
    if (head_bytes_ > kMaxHead) throw std::length_error("the header fields have more than 256 KiB");
    if (trimmed(line).empty()) {
        if (status_ < 200) return;
        head_complete_ = true;
        changed_.set();
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) throw std::invalid_argument("a header line without a colon");
    headers_.add(line.substr(0, colon), trimmed(line.substr(colon + 1)));
}

std::size_t ClientTransfer::on_body(char* data, std::size_t, std::size_t size, void* self) noexcept {
    ClientTransfer& transfer = *static_cast<ClientTransfer*>(self);
    try {
        return transfer.take_body_bytes(std::string_view(data, size));
    } catch (const std::bad_alloc&) {
        transfer.refuse(Failure::too_large, "there is no memory for the body of the response");
        return 0;
    }
}

std::size_t ClientTransfer::take_body_bytes(std::string_view bytes) {
    if (discards_) {
        body_bytes_ += bytes.size();
        return body_bytes_ > kWorthReading ? 0 : bytes.size();
    }
    // Not while pieces are sent: the server may have to get rid of its answer before it takes more.
    if (deliver_ == Deliver::pieces && !sending_ && body_.size() >= kReadAhead) {
        receive_paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (bytes.size() > max_body_ - body_bytes_) {
        refuse(Failure::too_large, "the body of the response is larger than " + std::to_string(max_body_) + " bytes");
        return 0;
    }
    if (deliver_ == Deliver::whole && body_.empty()) reserve_body();
    body_bytes_ += bytes.size();
    body_.append(bytes);
    if (deliver_ == Deliver::pieces) changed_.set();
    return bytes.size();
}

void ClientTransfer::reserve_body() {
    std::size_t length = 0;
    const std::string_view text = headers_.get("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    body_.reserve(std::min(length, kReserveAtMost));
}

Task<void> ClientTransfer::discard() {
    discards_ = true;
    (void)take_body();
    co_await until_end();
}

Response ClientTransfer::take_response() {
    Response response;
    response.status_ = static_cast<std::uint16_t>(status_);
    response.headers_ = std::move(headers_);
    response.body_ = std::move(body_);
    return response;
}

std::string ClientTransfer::take_body() {
    std::string taken = std::exchange(body_, std::string());
    unpause(receive_paused_);
    return taken;
}

// ---- failures

void ClientTransfer::refuse(Failure failure, std::string why) noexcept {
    failure_ = failure;
    why_ = std::move(why);
}

void ClientTransfer::throw_error(Failure failure, const std::string& why) const {
    throw Error(failure, url_, host_, "hocket: " + name_ + ": " + std::string(in_words(failure)) + why);
}

void ClientTransfer::check() const {
    if (failure_) throw_error(*failure_, why_);
    if (code_ != CURLE_OK) throw_code();
}

void ClientTransfer::throw_code() const {
    std::string why = message_[0] ? message_.data() : curl_easy_strerror(code_);
    if (code_ == CURLE_OPERATION_TIMEDOUT) throw TimeoutError("hocket: " + name_ + ": no connection: " + why);
    if (proxy_status_ >= 300) throw_error(Failure::proxy, why);
    if (system_error_ != 0) why += ": " + std::generic_category().message(system_error_);
    // That of 0.9, which is none.
    const bool unknown_version = code_ == CURLE_UNSUPPORTED_PROTOCOL;
    throw_error(unknown_version ? Failure::response : failure_of(code_), why);
}

}  // namespace hocket::http::detail
