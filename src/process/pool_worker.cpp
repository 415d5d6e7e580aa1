#include "process/pool_worker.hpp"

#include <sys/socket.h>

#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "hocket/core/detail/spin_wait.hpp"
#include "hocket/core/detail/wait_queue.hpp"
#include "hocket/core/errors.hpp"
#include "hocket/process/detail/remote_exception.hpp"
#include "hocket/process/detail/remote_job.hpp"
#include "hocket/process/detail/transfer.hpp"
#include "process/channel.hpp"
#include "process/unix_message.hpp"

namespace hocket::detail {
namespace {

// How often a worker looks before it sleeps.
constexpr int kSpins = 200;

/// The blocks of results: one is free again when the pool has taken in the result at its position.
class ResultBlocks final : public BlockSource {
public:
    ResultBlocks(Channel& channel, int socket) noexcept : channel_(channel), socket_(socket) {}
    SharedBlock take(std::size_t size) override {
        const std::uint32_t tail = channel_->tail.load(std::memory_order_acquire);
        while (!lent_.empty() && static_cast<std::int32_t>(lent_.front().first - tail) < 0) {
            give_back(std::move(lent_.front().second));
            lent_.pop_front();
        }
        return cache_.take(size);
    }
    void give_back(SharedBlock block) noexcept override {
        const std::uint32_t dropped = cache_.give_back(std::move(block));
        if (dropped == 0 || sent_.erase(dropped) == 0) return;
        try {
            (void)send_message(socket_, ChannelMessage{ChannelMessage::Kind::drop_block, dropped});
        } catch (const std::exception&) {  // the pool keeps some addresses for it, and no memory
        }
    }
    /// The block is going to be the result at `position`. Tells the pool of it if it does not know it.
    void lend(std::uint32_t position, SharedBlock block) {
        if (sent_.insert(block.number()).second) {
            const int descriptors[] = {block.descriptor()};
            (void)send_message(socket_, ChannelMessage{ChannelMessage::Kind::block, block.number()}, descriptors);
        }
        lent_.emplace_back(position, std::move(block));
    }

private:
    Channel& channel_;
    int socket_;
    BlockCache cache_;
    std::deque<std::pair<std::uint32_t, SharedBlock>> lent_;
    std::set<std::uint32_t> sent_;  // the numbers that the pool knows
};

/// Cancels the job that runs, when the pool asks for it: a thread beside the one that runs the jobs.
class CancelWatcher {
public:
    explicit CancelWatcher(Channel& channel) : channel_(channel), thread_([this] { watch(); }) {}
    CancelWatcher(const CancelWatcher&) = delete;
    CancelWatcher& operator=(const CancelWatcher&) = delete;
    /// While it lives, the calling thread runs the job at `position`, and can be cancelled.
    class Running {
    public:
        Running(CancelWatcher& watcher, std::uint32_t position)
            : watcher_(watcher), before_(ThreadCanceller::install(&canceller_)) {
            const std::scoped_lock guard(watcher_.mutex_);
            watcher_.running_ = &canceller_;
            watcher_.position_ = position;
            watcher_.cancel_if_asked();
        }
        Running(const Running&) = delete;
        Running& operator=(const Running&) = delete;
        ~Running() {
            ThreadCanceller::install(before_);
            const std::scoped_lock guard(watcher_.mutex_);
            watcher_.running_ = nullptr;
        }

    private:
        CancelWatcher& watcher_;
        ThreadCanceller canceller_;
        ThreadCanceller* before_;
    };
    ~CancelWatcher() {
        ending_.store(true, std::memory_order_relaxed);
        channel_->control.ring();
        thread_.join();
    }

private:
    void watch() noexcept {
        for (;;) {
            // First the rings, then what they tell of: see Bell. Each ring is a release, and reading it an acquire.
            const std::uint32_t seen = channel_->control.rings();
            if (ending_.load(std::memory_order_relaxed)) return;
            {
                const std::scoped_lock guard(mutex_);
                if (running_) cancel_if_asked();
            }
            channel_->control.wait(seen);
        }
    }
    void cancel_if_asked() noexcept {
        const std::uint32_t cancels = channel_->cancels.load(std::memory_order_acquire);
        if (cancels == answered_ || channel_->cancelled.load(std::memory_order_acquire) != position_) return;
        answered_ = cancels;
        running_->cancel(std::string_view(channel_->reason, channel_->reason_size));
    }

    Channel& channel_;
    std::mutex mutex_;
    ThreadCanceller* running_ = nullptr;
    std::uint32_t position_ = 0;
    std::uint32_t answered_ = 0;
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

class PoolWorker {
public:
    explicit PoolWorker(PayloadReader& setup)
        : channel_(setup.take_descriptor()),
          bell_block_(setup.take_descriptor()),
          bell_(*std::launder(reinterpret_cast<Bell*>(bell_block_.data()))),
          socket_(setup.take_descriptor()),
          inbox_(socket_.get()),
          blocks_(channel_, socket_.get()),
          watcher_(channel_) {}

    void run() {
        std::uint32_t position = 0;
        for (;;) {
            if (!wait_for_job(position)) return;
            Slot& slot = channel_->slot(position);
            auto queued = SlotState::queued;
            if (slot.state.compare_exchange_strong(queued, SlotState::running, std::memory_order_acq_rel)) {
                run_job(slot, position);
            } else {
                // What has come with it must not fill the socket.
                if (slot.place == PayloadPlace::block || slot.descriptors > 0) inbox_.take_in();
                if (slot.descriptors > 0) (void)inbox_.descriptors(position);
                slot.result = SlotResult::none;
            }
            const bool unprepared = slot.initializer && slot.result != SlotResult::value;
            slot.state.store(SlotState::done, std::memory_order_release);
            ++position;
            bell_.ring();
            if (unprepared) return;  // the jobs behind it are not for this worker
        }
    }

private:
    // False when there is none left and the pool wants the worker to end.
    bool wait_for_job(std::uint32_t position) noexcept {
        const auto comes = [&] { return channel_->head.load(std::memory_order_seq_cst) != position; };
        for (int i = 0; i < kSpins; ++i) {
            if (comes()) return true;
            pause_spinning();
        }
        for (;;) {
            const std::uint32_t seen = channel_->work.rings();
            if (comes()) return true;
            if (channel_->stop.load(std::memory_order_seq_cst) != 0) return comes();
            channel_->work.wait(seen);
        }
    }

    std::span<const std::byte> arguments(const Slot& slot, std::uint32_t position) {
        const auto size = static_cast<std::size_t>(slot.size);
        switch (slot.place) {
            case PayloadPlace::slot:
                return {slot.data, size};
            case PayloadPlace::room:
                return {channel_->room(position), size};
            case PayloadPlace::block:
                break;
        }
        return {inbox_.block(slot.block, size).data(), size};
    }

    void run_job(Slot& slot, std::uint32_t position) {
        Payload result(&blocks_);
        SlotResult kind = SlotResult::value;
        try {
            std::vector<OwnedDescriptor> descriptors;
            if (slot.descriptors > 0) descriptors = inbox_.descriptors(position);
            const auto entry = function_of<std::remove_pointer_t<JobEntry>>(slot.entry);
            PayloadReader reader(arguments(slot, position), std::move(descriptors));
            const CancelWatcher::Running running(watcher_, position);
            entry(reader, result);
            if (result.descriptors().size() > kMostDescriptors) {
                throw std::length_error("hocket: a job's result takes too many descriptors along: " +
                                        std::to_string(result.descriptors().size()));
            }
        } catch (const CancelledError& error) {
            kind = SlotResult::cancelled;
            result = Payload(&blocks_);
            write_value(result, error.reason());
            write_value(result, error.by());
        } catch (...) {
            kind = SlotResult::error;
            result = Payload(&blocks_);
            write_current_exception(result);
        }
        slot.result = kind;
        try {
            hand_over(slot, position, result);
        } catch (...) {  // as when the system has too many descriptors under way
            result = Payload(&blocks_);
            write_current_exception(result);
            slot.result = SlotResult::error;
            hand_over(slot, position, result);
        }
    }

    void hand_over(Slot& slot, std::uint32_t position, Payload& result) {
        slot.descriptors = static_cast<std::uint32_t>(result.descriptors().size());
        if (slot.descriptors > 0) {
            std::vector<int> numbers;
            for (const OwnedDescriptor& descriptor : result.descriptors()) numbers.push_back(descriptor.get());
            (void)send_message(socket_.get(), ChannelMessage{ChannelMessage::Kind::descriptors, position}, numbers);
        }
        channel_.write(position, result);
        if (result.in_block()) blocks_.lend(position, std::move(result.block()));
    }

    Channel channel_;
    SharedBlock bell_block_;
    Bell& bell_;
    OwnedDescriptor socket_;
    ChannelInbox inbox_;
    ResultBlocks blocks_;
    CancelWatcher watcher_;
};

}  // namespace

int run_pool_worker(PayloadReader& setup) {
    PoolWorker(setup).run();
    return 0;
}

}  // namespace hocket::detail
