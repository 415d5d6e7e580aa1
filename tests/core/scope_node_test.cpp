#include "hocket/core/detail/scope_node.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/test_loop.hpp"
#include "hocket/core/detail/wait_queue.hpp"

namespace hocket::detail {
namespace {

using test::Job;
using test::QueueWait;
using test::TestLoop;

bool not_ready() { return false; }

TEST(ScopeNode, CancelsWhatIsInsideNowAndLater) {
    ScopeNode root;
    ScopeNode outer(root, nullptr);
    ScopeNode inner(outer, nullptr);
    ScopeNode beside(root, nullptr);
    outer.cancel("stop");
    EXPECT_TRUE(outer.cancelled());
    EXPECT_TRUE(outer.effectively_cancelled());
    EXPECT_FALSE(inner.cancelled());  // not itself
    EXPECT_TRUE(inner.effectively_cancelled());
    EXPECT_FALSE(root.effectively_cancelled());
    EXPECT_FALSE(beside.effectively_cancelled());
    ScopeNode opened_later(inner, nullptr);
    EXPECT_TRUE(opened_later.effectively_cancelled());
}

TEST(ScopeNode, AShieldKeepsOutTheCancellationAroundItOnly) {
    ScopeNode root;
    ScopeNode shield(root, nullptr, true);
    ScopeNode inside(shield, nullptr);
    root.cancel("around");
    EXPECT_FALSE(shield.effectively_cancelled());
    EXPECT_FALSE(inside.effectively_cancelled());
    ScopeNode second_shield(root, nullptr, true);  // opened in a scope that is cancelled already
    EXPECT_FALSE(second_shield.effectively_cancelled());
    shield.cancel("the shield itself");
    EXPECT_TRUE(shield.effectively_cancelled());
    EXPECT_TRUE(inside.effectively_cancelled());
}

TEST(ScopeNode, TellsTheReasonOfTheNearestCancelledScope) {
    ScopeNode root;
    ScopeNode outer(root, nullptr);
    ScopeNode inner(outer, nullptr);
    ScopeNode shield(inner, nullptr, true);
    ScopeNode innermost(shield, nullptr);
    EXPECT_EQ(inner.reason(), "");
    root.cancel("far");
    EXPECT_EQ(inner.reason(), "far");
    outer.cancel("near");
    outer.cancel("near, but second");
    EXPECT_EQ(inner.reason(), "near");
    EXPECT_EQ(outer.reason(), "near");
    EXPECT_EQ(innermost.reason(), "");  // not beyond the shield
    shield.cancel("");
    EXPECT_EQ(innermost.reason(), "");  // nearest, with no reason given
    inner.cancel("");
    EXPECT_EQ(inner.reason(), "");
}

TEST(ScopeNode, IsCancelledWithoutAReasonWhenThereIsNoMemoryForIt) {
    ScopeNode root;
    ScopeNode scope(root, nullptr);
    scope.cancel(std::string_view("x", std::string::npos - 1));
    EXPECT_TRUE(scope.cancelled());
    EXPECT_EQ(scope.reason(), "");
}

TEST(ScopeNode, TakesItsCancellationBack) {
    ScopeNode root;
    root.cancel("once");
    root.reset();
    EXPECT_FALSE(root.cancelled());
    EXPECT_FALSE(root.effectively_cancelled());
    EXPECT_EQ(root.reason(), "");
    ScopeNode scope(root, nullptr);
    EXPECT_FALSE(scope.effectively_cancelled());
    root.cancel("twice");
    EXPECT_TRUE(scope.effectively_cancelled());
    EXPECT_EQ(scope.reason(), "twice");
    scope.cancel("itself");
    scope.reset();
    EXPECT_FALSE(scope.cancelled());
    EXPECT_TRUE(scope.effectively_cancelled());  // by the one around it
    EXPECT_EQ(scope.reason(), "twice");
}

TEST(ScopeNode, ListsTheScopesInsideOldestFirst) {
    ScopeNode root;
    std::deque<std::optional<ScopeNode>> children(5);
    for (auto& child : children) child.emplace(root, nullptr);
    const auto listed = [&] {
        std::vector<std::size_t> indices;
        for (ScopeNode* child = root.first_child(); child; child = child->next_sibling()) {
            EXPECT_EQ(child->parent(), &root);
            for (std::size_t i = 0; i < children.size(); ++i) {
                if (children[i] && child == &*children[i]) indices.push_back(i);
            }
        }
        return indices;
    };
    EXPECT_EQ(listed(), (std::vector<std::size_t>{0, 1, 2, 3, 4}));
    children[2].reset();
    EXPECT_EQ(listed(), (std::vector<std::size_t>{0, 1, 3, 4}));
    children[4].reset();
    children[0].reset();
    EXPECT_EQ(listed(), (std::vector<std::size_t>{1, 3}));
    children[4].emplace(root, nullptr);
    EXPECT_EQ(listed(), (std::vector<std::size_t>{1, 3, 4}));
    children[1]->close();
    children[1]->close();  // does nothing
    children[3].reset();
    children[4].reset();
    EXPECT_EQ(root.first_child(), nullptr);
}

// effectively_cancelled() against its definition, on random trees.
TEST(ScopeNode, IsCancelledIfItOrAnUnshieldedScopeAroundItIs) {
    class Node {
    public:
        Node(Node* parent, bool shielded) : parent(parent), shielded(shielded) {}
        bool cancelled_by_definition() const {
            return scope.cancelled() || (!shielded && parent && parent->cancelled_by_definition());
        }
        Node* parent;
        bool shielded;
        ScopeNode scope;
    };
    std::minstd_rand random(5);
    for (int round = 0; round < 200; ++round) {
        std::deque<std::unique_ptr<Node>> nodes;
        nodes.push_back(std::make_unique<Node>(nullptr, false));
        for (int step = 0; step < 60; ++step) {
            Node& node = *nodes[random() % nodes.size()];
            if (random() % 5 == 0) {
                node.scope.cancel("");
            } else {
                const bool shielded = random() % 4 == 0;
                nodes.push_back(std::make_unique<Node>(&node, shielded));
                nodes.back()->scope.open(node.scope, nullptr, shielded);
            }
            for (auto& each : nodes) ASSERT_EQ(each->scope.effectively_cancelled(), each->cancelled_by_definition());
        }
        while (!nodes.empty()) nodes.pop_back();  // the inner ones first
    }
}

TEST(ScopeNode, NeedsNoStackForDeepTrees) {
    constexpr std::size_t kDepth = 1'000'000;
    auto scopes = std::make_unique<ScopeNode[]>(kDepth);
    for (std::size_t i = 1; i < kDepth; ++i) scopes[i].open(scopes[i - 1], nullptr);
    scopes[0].cancel("all");
    std::size_t cancelled = 0;
    for (std::size_t i = 0; i < kDepth; ++i) cancelled += scopes[i].effectively_cancelled();
    EXPECT_EQ(cancelled, kDepth);
    EXPECT_EQ(scopes[kDepth - 1].reason(), "all");
    for (std::size_t i = kDepth; i-- > 0;) scopes[i].close();
}

TEST(ScopeNode, ReachesEveryChildOfWideTrees) {
    constexpr std::size_t kChildren = 100'000;
    ScopeNode root;
    auto scopes = std::make_unique<ScopeNode[]>(2 * kChildren);
    for (std::size_t i = 0; i < kChildren; ++i) {
        scopes[2 * i].open(root, nullptr);
        scopes[2 * i + 1].open(scopes[2 * i], nullptr, i % 2 == 0);
    }
    root.cancel("all");
    std::size_t cancelled = 0;
    for (std::size_t i = 0; i < 2 * kChildren; ++i) cancelled += scopes[i].effectively_cancelled();
    EXPECT_EQ(cancelled, kChildren + kChildren / 2);
    for (std::size_t i = 2 * kChildren; i-- > 0;) scopes[i].close();
}

TEST(ScopeNode, InterruptsTheWaitOfATaskInItsInnermostScope) {
    WaitQueue queue;
    TestLoop loop;
    ScopeNode* inner = nullptr;
    std::vector<WaitOutcome> outcomes;
    const auto waits = [](WaitQueue& queue, ScopeNode*& inner, std::vector<WaitOutcome>& outcomes) -> Job {
        TaskContext& task = *Scheduler::current()->current_task();
        ScopeNode& outer = task.scope();
        {
            ScopeNode scope(outer, &task);
            task.set_scope(scope);
            inner = &scope;
            for (int wait = 0; wait < 2; ++wait) {
                QueueWait in_scope(queue, not_ready);
                outcomes.push_back(co_await in_scope);
            }
            task.set_scope(outer);
        }
        QueueWait outside(queue, not_ready);
        outcomes.push_back(co_await outside);
    };
    TaskContext& task = loop.spawn(waits(queue, inner, outcomes));
    loop.run_ready();
    EXPECT_NE(task.suspended_on(), nullptr);
    EXPECT_FALSE(task.cancel_pending());
    inner->cancel("the inner one");
    loop.run_ready();
    // Both waits inside were cancelled, the second at once; the one outside waits.
    EXPECT_EQ(outcomes, (std::vector{WaitOutcome::cancelled, WaitOutcome::cancelled}));
    EXPECT_FALSE(task.cancel_pending());
    task.cancel_all("everything");
    EXPECT_TRUE(task.cancel_pending());
    loop.run();
    EXPECT_EQ(outcomes.size(), 3u);
    EXPECT_EQ(outcomes.back(), WaitOutcome::cancelled);
}

}  // namespace
}  // namespace hocket::detail
