// HTTP: messages, the server and the client.
#pragma once
#include "hocket/http/access_record.hpp"
#include "hocket/http/blocking_client.hpp"
#include "hocket/http/client.hpp"
#include "hocket/http/event_stream.hpp"
#include "hocket/http/file_response.hpp"
#include "hocket/http/handler.hpp"
#include "hocket/http/headers.hpp"
#include "hocket/http/message.hpp"
#include "hocket/http/server.hpp"
#include "hocket/http/status_error.hpp"
#include "hocket/net.hpp"
