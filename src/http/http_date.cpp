#include "http/http_date.hpp"

#include <cstdio>

namespace hocket::http::detail {

HttpDate::HttpDate(std::time_t time) {
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    // The names are English whatever the locale, which strftime() would not promise.
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const int size = std::snprintf(text_.data(), text_.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900,
                                   parts.tm_hour, parts.tm_min, parts.tm_sec);
    size_ = static_cast<std::size_t>(size);
}

}  // namespace hocket::http::detail
