// Sockets: TCP and Unix, names to addresses.
#pragma once
#include "hocket/aio.hpp"
#include "hocket/net/address.hpp"
#include "hocket/net/listener.hpp"
#include "hocket/net/resolve.hpp"
#include "hocket/net/socket.hpp"
