package remediation

import "bytes"

// ReadJournal reads the lines of a journal, and returns how many bytes of them are whole.
func ReadJournal(data []byte) (int64, error) { return new(journal).decode(bytes.NewReader(data)) }

// Holds is holds.
func Holds(state, want string) (bool, error) { return holds([]byte(state), []byte(want)) }
