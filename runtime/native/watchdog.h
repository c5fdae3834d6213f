#pragma once

#include <napi.h>

#include <cstdint>

namespace bpfts {

struct Environment;

/// Starts the thread that ends JavaScript which does not heed a signal, and the process at the second one. Called on JavaScript's own thread; twice is fine.
int WatchdogStart();
void WatchdogStop();

/// Tells the thread that a signal waits to be taken. Safe in a signal handler.
void WatchdogNote();

/// Units: milliseconds from now, -1 for never. What still runs in RunGuarded then is ended.
int GuardDeadline(Environment& environment, int32_t timeout_ms);

/// How long code may run on after a signal that it does not take; below 0 as long as usual. Units: milliseconds.
int GuardHeed(Environment& environment, int32_t timeout_ms);

/// While it pauses, time counts neither for the deadline nor for a signal that nobody takes: the host works, and the code waits for it.
int GuardPause(Environment& environment, int32_t pauses);

/// Calls a function. 1 when the watchdog ended it, whatever it was doing; 0 when it came to its end, also by an exception, which stays pending.
Napi::Value RunGuarded(const Napi::CallbackInfo& info);

}  // namespace bpfts
