// Subscription: attachments to an exchange that end with their scope.
#pragma once
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hocket/actor/detail/exchange_core.hpp"

namespace hocket {

/// What subscribe() returns. Its destructor detaches what is still attached; whoever detached some of it before does no
/// harm. Move-only; may outlive the exchange.
class [[nodiscard("the subscription ends with this object: keep it")]] Subscription {
public:
    /// Of nothing.
    Subscription() noexcept = default;
    Subscription(Subscription &&) noexcept = default;
    Subscription& operator=(Subscription&& other) noexcept {
        Subscription taken(std::move(other));
        std::swap(core_, taken.core_);
        std::swap(attachments_, taken.attachments_);
        return *this;
    }
    ~Subscription() { cancel(); }

    /// Detaches now. When it returns, the subscribers are not being called, and never will be again, by this
    /// subscription; called within a delivery, it does not wait for deliveries that others are in the middle of.
    void cancel() noexcept {
        if (core_) core_->detach(attachments_);
        core_ = nullptr;
        attachments_.clear();
    }
    /// Messages that were dropped because a subscriber had no room for them, or took none any more.
    std::uint64_t dropped() const noexcept {
        std::uint64_t sum = 0;
        for (const auto& attachment : attachments_) sum += attachment->dropped();
        return sum;
    }

    /// For the library.
    Subscription(std::shared_ptr<detail::ExchangeCore> core, std::vector<detail::AttachmentRef> attachments) noexcept
        : core_(std::move(core)), attachments_(std::move(attachments)) {}

private:
    std::shared_ptr<detail::ExchangeCore> core_;
    std::vector<detail::AttachmentRef> attachments_;
};

}  // namespace hocket
