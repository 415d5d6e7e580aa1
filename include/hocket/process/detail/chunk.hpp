// A chunk of map(): several elements in one job.
#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "hocket/process/detail/remote_call.hpp"
#include "hocket/process/detail/remote_exception.hpp"
#include "hocket/process/detail/remote_job.hpp"

namespace hocket::detail {

/// A result in a vector, also if it is a bool.
template <class R>
struct ChunkItem {
    R value;
};

/// What became of the elements of a chunk, in their order: a failed one has no item.
template <class R>
struct ChunkResults {
    std::vector<ChunkItem<R>> items;
    std::vector<std::pair<std::size_t, std::exception_ptr>> errors;  // by the element's number, ascending
};

/// What a function that may return nothing gives in a MapResults.
template <class R>
using MapResult = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

/// Whether the Rs of a chunk travel in one piece.
template <class R>
concept ChunkInOnePiece = CopiedBytewise<R> && alignof(R) <= Payload::kAlignment;

/// The job: the function, the number of elements, the elements. `E`: those of one range each.
template <class F, class R, class... E>
void run_chunk(PayloadReader& arguments, Payload& result) {
    F function = read_function<F>(arguments);
    const auto count = static_cast<std::size_t>(read_value<std::uint64_t>(arguments));
    ChunkResults<R> results;
    results.items.reserve(count);
    std::vector<std::pair<std::uint64_t, Payload>> errors;
    const auto call = [&](E&&... elements) -> R {
        if constexpr (std::is_void_v<std::invoke_result_t<F&, E...>>) {
            std::invoke(function, std::move(elements)...);
            return {};
        } else {
            return std::invoke(function, std::move(elements)...);
        }
    };
    for (std::size_t i = 0; i < count; ++i) {
        std::tuple<E...> elements{read_value<E>(arguments)...};
        try {
            results.items.push_back(
                ChunkItem<R>{std::apply([&](E&... each) { return call(std::move(each)...); }, elements)});
        } catch (const CancelledError&) {
            throw;  // is of the job, not of the element
        } catch (...) {
            errors.emplace_back(i, Payload());
            write_current_exception(errors.back().second);
        }
    }
    const std::uint64_t good = results.items.size();
    write_value(result, good);
    if constexpr (ChunkInOnePiece<R>) {
        result.align(alignof(R));
        result.append(results.items.data(), results.items.size() * sizeof(R));
    } else {
        for (const ChunkItem<R>& item : results.items) write_value(result, item.value);
    }
    write_value(result, static_cast<std::uint64_t>(errors.size()));
    for (const auto& [number, error] : errors) {
        write_value(result, number);
        write_value(result, std::vector<std::byte>(error.bytes().begin(), error.bytes().end()));
    }
}

template <class R>
struct ResultReader<ChunkResults<R>> {
    static ChunkResults<R> read(PayloadReader& result, const std::string& where) {
        ChunkResults<R> results;
        const auto good = static_cast<std::size_t>(read_value<std::uint64_t>(result));
        if constexpr (ChunkInOnePiece<R>) {
            result.align(alignof(R));
            const auto* first = reinterpret_cast<const ChunkItem<R>*>(result.take(good * sizeof(R)));
            results.items.assign(first, first + good);
        } else {
            results.items.reserve(good);
            for (std::size_t i = 0; i < good; ++i) results.items.push_back(ChunkItem<R>{read_value<R>(result)});
        }
        const auto bad = static_cast<std::size_t>(read_value<std::uint64_t>(result));
        for (std::size_t i = 0; i < bad; ++i) {
            const auto number = static_cast<std::size_t>(read_value<std::uint64_t>(result));
            const auto bytes = read_value<std::vector<std::byte>>(result);
            PayloadReader error(bytes);
            results.errors.emplace_back(number, read_exception(error, where));
        }
        return results;
    }
};

}  // namespace hocket::detail
