// The part `os`: programs that go on by themselves.
#pragma once
#include "hocket/os/daemon.hpp"
#include "hocket/os/daemon_command.hpp"
#include "hocket/os/daemon_control.hpp"
#include "hocket/os/daemon_errors.hpp"
#include "hocket/os/daemon_options.hpp"
#include "hocket/os/pid_file.hpp"
#include "hocket/os/service_manager.hpp"
