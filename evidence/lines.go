package evidence

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"os"
)

// lines is a file of lines that is hashed and counted while it is written.
type lines struct {
	file  *os.File
	out   *bufio.Writer
	hash  hash.Hash
	bytes int64
	count int
}

func createLines(path string) (*lines, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	digest := sha256.New()
	return &lines{file: file, hash: digest, out: bufio.NewWriterSize(io.MultiWriter(file, digest), 64<<10)}, nil
}

func (l *lines) write(line []byte) error {
	l.bytes += int64(len(line)) + 1
	l.count++
	if _, err := l.out.Write(line); err != nil {
		return err
	}
	return l.out.WriteByte('\n')
}

// close makes the file durable. A second close does nothing.
func (l *lines) close() error {
	if l == nil || l.file == nil {
		return nil
	}
	file := l.file
	l.file = nil
	err := l.out.Flush()
	if syncErr := file.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (l *lines) sum() string { return hex.EncodeToString(l.hash.Sum(nil)) }

// writeSynced writes a whole file, readable by its owner alone, and makes it durable.
func writeSynced(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if syncErr := file.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}
