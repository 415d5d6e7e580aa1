// A task that does not know where it runs: here, in a thread, or in a process of its own. The class is the same, and so
// is what it does. (What it writes, it writes to standard output: a process has no other stream of the program's.)
#include <hocket/process.hpp>
#include <hocket/threading.hpp>

#include <iostream>

namespace hk = hocket;

class CountdownTask {
public:
    CountdownTask() = default;  // for the process, which reads the rest
    explicit CountdownTask(int from) : from_(from) {}

    void run() {
        for (int left = from_; left > 0; --left) std::cout << "T-minus " << left << '\n';
        std::cout.flush();
    }

    // How it travels to another process.
    template <class Archive>
    void serialize(Archive& archive) {
        archive(from_);
    }

private:
    int from_ = 0;
};

int main(int argc, char** argv) {
    hk::init(argc, argv);

    CountdownTask task(5);
    task.run();
    hk::Thread(&CountdownTask::run, &task).join();

    std::cout.flush();
    const hk::Process process(&CountdownTask::run, task);  // a copy: nothing is shared
    process.join();
    std::cout << "exit code " << *process.exit_code() << '\n';
}
