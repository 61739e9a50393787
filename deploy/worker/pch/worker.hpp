// Precompiled for the worker. Its logger draws in all of the standard library's and FlatBuffers' weight, and every
// file draws in the logger: parsing that once instead of 260 times halves the build.
#pragma once

#include "common.hpp"

#include "Channel/ChannelNotifier.hpp"
#include "Channel/ChannelRequest.hpp"
#include "Logger.hpp"
#include "Utils.hpp"
