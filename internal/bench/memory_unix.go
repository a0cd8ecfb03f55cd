//go:build unix

package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// peakMemory is the most memory that a process had at once, in bytes.
func peakMemory(state *os.ProcessState) (int64, error) {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("this system doesn't say what a process took")
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss, nil // there in bytes, elsewhere in KiB
	}
	return usage.Maxrss << 10, nil
}
