#include "hocket/core/detail/timer_heap.hpp"

#include <algorithm>

namespace hocket::detail {

TimerHeap::~TimerHeap() {
    // One at a time, from the back, where the heap stays whole: a timer that is told may cancel others.
    while (!entries_.empty()) {
        Timer* timer = entries_.back().timer;
        entries_.pop_back();
        if (!timer) {
            --empty_;
            continue;
        }
        timer->index_ = Timer::kIdle;
        timer->dropped();
    }
}

void TimerHeap::place(std::size_t index, const Entry& entry) noexcept {
    entries_[index] = entry;
    if (entry.timer) entry.timer->index_ = static_cast<std::uint32_t>(index);
}

void TimerHeap::sift_up(std::size_t index, Entry entry) noexcept {
    while (index > 0 && entry.before(entries_[parent_of(index)])) {
        place(index, entries_[parent_of(index)]);
        index = parent_of(index);
    }
    place(index, entry);
}

void TimerHeap::sift_down(std::size_t index, Entry entry) noexcept {
    for (;;) {
        const std::size_t first = index * kArity + 1;
        const std::size_t end = std::min(first + kArity, entries_.size());
        if (first >= end) break;
        std::size_t least = first;
        for (std::size_t child = first + 1; child < end; ++child) {
            if (entries_[child].before(entries_[least])) least = child;
        }
        if (!entries_[least].before(entry)) break;
        place(index, entries_[least]);
        index = least;
    }
    if (entries_[index].order != entry.order) place(index, entry);
}

void TimerHeap::remove_top() noexcept {
    const Entry last = entries_.back();
    entries_.pop_back();
    if (!entries_.empty()) sift_down(0, last);
}

void TimerHeap::drop_empty_top() noexcept {
    while (!entries_.empty() && entries_.front().timer == nullptr) {
        --empty_;
        remove_top();
    }
}

TimePoint TimerHeap::next_deadline() noexcept {
    drop_empty_top();
    return entries_.empty() ? kNever : TimePoint(Duration(entries_.front().deadline));
}

Timer* TimerHeap::pop_due(TimePoint now) noexcept {
    if (next_deadline() > now || entries_.empty()) return nullptr;
    Timer* timer = entries_.front().timer;
    timer->index_ = Timer::kIdle;
    remove_top();
    return timer;
}

void TimerHeap::rebuild() noexcept {
    std::erase_if(entries_, [](const Entry& entry) { return entry.timer == nullptr; });
    empty_ = 0;
    for (std::size_t index = 0; index < entries_.size(); ++index) place(index, entries_[index]);
    for (std::size_t index = entries_.size() / kArity + 1; index-- > 0;) {
        if (index < entries_.size()) sift_down(index, entries_[index]);
    }
}

}  // namespace hocket::detail
