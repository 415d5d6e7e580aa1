// The snippets of docs/files.md, as a program.
#undef NDEBUG
#include <unistd.h>

#include <cassert>
#include <filesystem>
#include <hocket/aio.hpp>
#include <iostream>
#include <string>
#include <vector>

namespace hk = hocket;

// [whole]
hk::Task<std::string> keep(std::filesystem::path path) {
    co_await hk::write_file(path, "first\n");    // made, or replaced
    co_await hk::append_file(path, "second\n");  // made, or added to
    co_return co_await hk::read_file(path);
}
// [whole]

// [lines]
hk::Task<std::size_t> count_lines(std::filesystem::path path) {
    hk::File file = co_await hk::File::open(path);
    std::size_t lines = 0;
    while (const auto line = co_await file.read_line()) ++lines;
    co_return lines;
}
// [lines]

// [pages]
constexpr std::size_t kPage = 4096;

hk::Task<std::vector<std::string>> read_pages(hk::File& file, std::vector<std::uint64_t> numbers) {
    std::vector<hk::Task<std::string>> reads;
    for (const std::uint64_t number : numbers) reads.push_back(file.read_at(number * kPage, kPage));
    co_return co_await hk::gather(std::move(reads));  // all at the same time
}

hk::Task<void> write_page(hk::File& file, std::uint64_t number, std::string page) {
    co_await file.write_at(number * kPage, std::move(page));
    co_await file.sync();  // it is on the disk now
}
// [pages]

// [errors]
hk::Task<bool> save(std::filesystem::path path, std::string text) {
    try {
        hk::File file = co_await hk::File::open(path, hk::FileMode::create);
        co_await file.write(std::move(text));
        co_await file.close();
        co_return true;
    } catch (const std::system_error& error) {  // "hocket: cannot write to '/dev/full': No space left on device"
        std::cout << error.what() << '\n';
    }
    co_return false;
}
// [errors]

hk::Task<void> pages(std::filesystem::path path) {
    hk::File file = co_await hk::File::open(path, hk::FileMode::read_write);
    co_await write_page(file, 0, std::string(kPage, 'a'));
    co_await write_page(file, 1, std::string(kPage, 'b'));
    const std::vector<std::uint64_t> wanted{1, 0};
    const auto read = co_await read_pages(file, wanted);
    assert(read[0][0] == 'b' && read[1][0] == 'a');
}

int main() {
    const auto path = std::filesystem::temp_directory_path() / ("hocket-snippet-" + std::to_string(::getpid()));
    assert(hk::run(keep(path)) == "first\nsecond\n");
    assert(hk::run(count_lines(path)) == 2);
    assert(!hk::run(save(path, "it is there already")));
    hk::run(pages(path));
    std::filesystem::remove(path);
}
