// HTTP/1.1: messages and the server.
#pragma once
#include "hocket/http/headers.hpp"
#include "hocket/http/message.hpp"
#include "hocket/http/server.hpp"
#include "hocket/net.hpp"
