package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"io/fs"
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
	file, err := createFile(path)
	if err != nil {
		return nil, err
	}
	return newLines(file), nil
}

func newLines(file *os.File) *lines {
	digest := sha256.New()
	return &lines{file: file, hash: digest, out: bufio.NewWriterSize(io.MultiWriter(file, digest), 64<<10)}
}

// errChanged says that a file isn't what was noted of it.
var errChanged = errors.New("the file is not as it was left")

// continueLines opens a file of lines to go on after its first size bytes, whose hash
// must be sum, and cuts it there. Each of the lines before is handed to each.
func continueLines(path string, size int64, sum string, each func(json.RawMessage)) (*lines, error) {
	return reopenLines(path, func(file io.Reader, l *lines) error {
		for line, err := range scanLines(io.TeeReader(io.LimitReader(file, size), l.hash)) {
			if err != nil {
				return err
			}
			l.count++
			l.bytes += int64(len(line)) + 1
			each(line)
		}
		if l.bytes != size || l.sum() != sum {
			return errChanged
		}
		return nil
	})
}

// continueWholeLines opens a file of lines to go on after its last whole line that holds a
// JSON object, and cuts it there.
func continueWholeLines(path string) (*lines, error) {
	return reopenLines(path, func(file io.Reader, l *lines) error {
		reader := bufio.NewReaderSize(file, maxRecord)
		for {
			line, err := reader.ReadSlice('\n')
			if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) || err == nil && (!json.Valid(line) || !bytes.HasPrefix(line, []byte("{"))) {
				return nil
			}
			if err != nil {
				return err
			}
			_, _ = l.hash.Write(line) // never fails (hash.Hash)
			l.count++
			l.bytes += int64(len(line))
		}
	})
}

// reopenLines opens a regular file; read takes in what stands there and is to stay.
func reopenLines(path string, read func(io.Reader, *lines) error) (*lines, error) {
	file, err := openRegular(path, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	l := newLines(file)
	err = read(file, l)
	if err == nil {
		err = file.Truncate(l.bytes)
	}
	if err == nil {
		_, err = file.Seek(l.bytes, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return l, nil
}

func (l *lines) write(line []byte) error {
	l.bytes += int64(len(line)) + 1
	l.count++
	if _, err := l.out.Write(line); err != nil {
		return err
	}
	return l.out.WriteByte('\n')
}

// flush hands everything that was written to the system, where it outlives the process.
func (l *lines) flush() error { return l.out.Flush() }

// restart empties the file.
func (l *lines) restart() error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	*l = *newLines(l.file)
	return nil
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

// createFile creates a file, readable by its owner alone. Whatever has its name gives way:
// a link is never followed.
func createFile(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

// writeSynced writes a whole file, readable by its owner alone, and makes it durable.
func writeSynced(path string, data []byte) error {
	file, err := createFile(path)
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
