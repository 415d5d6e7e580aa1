// Rows J1-J10.
#include "example.hpp"

namespace hocket::testing {
namespace {

TEST(Mailbox, MessagesArriveInOrderAndNothingIsLostInSilence) {
    expect_lines(Example("actors/mailbox"),
                 "a join too early is an error, not a wait for ever\n"
                 "Got: Hello\nGot: World\n"
                 "a message to a closed actor is an error, not lost in silence\n"
                 "Got: Hello\nGot: from the loop\n"
                 "Running A 1\nRunning B 2 3\n"
                 "a bounded mailbox says when it is full\n"
                 "join() throws what the actor threw: cannot stand 1\n"
                 "1 message was not read\n");
}

TEST(Worker, LivesOnAfterABadJob) {
    expect_lines(Example("actors/worker"),
                 "8\nits caller gets the error: a bad job\nthe worker has gone on: 9\n"
                 "8 still, after the worker's end\n"
                 "hocket: the worker 'calculator' was closed and takes no more jobs\n");
}

TEST(Exchange, SubscribersComeGoAndFailWithoutHarm) {
    expect_lines(Example("actors/exchange"),
                 "attached twice? no, it would get each message twice\n"
                 "first got msg1\nsecond got msg1\n"
                 "detached twice? no, and no harm is done\n"
                 "second got msg2\n"
                 "msg[1]: 'msg1'\nlistener got msg1\nother got msg1\n"
                 "msg[2]: 'msg2'\nlistener got msg2\n"
                 "something else went wrong, and 0 are attached\n"
                 "4000 deliveries of 2000 messages to 2 subscribers, beside 2000 errors\n");
}

TEST(Remote, IsAnActorLikeAnyOther) {
    expect_lines(Example("actors/remote"),
                 "remote got: Hello\nremote got: World\nremote got: 21.5\n"
                 "not delivered: Connection refused, 1 message dropped\n");
}

TEST(Subscribers, OfAllKinds) {
    expect_lines(Example("actors/subscribers"),
                 "log: sensors.kitchen.temperature = 21.5\nlog: sensors.cellar.temperature = 12\n"
                 "the actor kept 3 readings of sensors\n"
                 "the coroutine counted 5 messages\n"
                 "the connection carried:\n21.5\n40\n12\non\n\n");
}

TEST(Supervised, IsStartedAnew) {
    expect_lines(Example("actors/supervised"),
                 "counted to 2\nlog: told to crash\nthe counter was started anew: counted to 1\nlog: told to crash\n"
                 "hocket: supervisor 'top' gives up after 1 restarts: child 'counter' ended again: told to crash\n");
}

}  // namespace
}  // namespace hocket::testing
