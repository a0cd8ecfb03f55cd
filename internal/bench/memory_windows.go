package main

import (
	"errors"
	"os"
)

// peakMemory is what only Unix tells of a process that has ended.
func peakMemory(*os.ProcessState) (int64, error) {
	return 0, errors.New("this system doesn't say what a process took")
}
