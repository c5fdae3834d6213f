#pragma once

#include <cstdint>

namespace bpfts {

struct Environment;

int SignalsCatch(Environment& environment);
int SignalsRelease(Environment& environment);
int SignalPending(Environment& environment);
int SignalTake(Environment& environment);
int GetSignalFd(Environment& environment);
/// From now on the next signal ends the process.
int SignalsFinish(Environment& environment);

/// The same as one signal, in so many milliseconds; 0 takes that back.
int SignalAfter(Environment& environment, int32_t delay_ms);

/// Whether a signal came that nobody took yet.
bool HaveSignal();

/// The signal that is to end the process now; 0 when none is.
int EndingSignal();

/// Readable when a signal came; -1 when signals are not caught.
int SignalFd();

}  // namespace bpfts
