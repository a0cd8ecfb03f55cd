package graph

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// skip goes over the value at the position, which is depth levels deep.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return errors.New("the JSON is nested too deeply")
	}
	switch c := s.peek(); c {
	case '{':
		return s.skipObject(depth)
	case '[':
		return s.skipArray(depth)
	case '"':
		_, err := s.text()
		return err
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scanner) skipObject(depth int) error {
	s.pos++
	if s.space(); s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.wrong()
		}
		if _, err := s.text(); err != nil {
			return err
		}
		if s.space(); s.peek() != ':' {
			return s.wrong()
		}
		s.pos++
		s.space()
		if err := s.skip(depth + 1); err != nil {
			return err
		}
		if more, err := s.more('}'); err != nil || !more {
			return err
		}
	}
}

func (s *scanner) skipArray(depth int) error {
	s.pos++
	if s.space(); s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := s.skip(depth + 1); err != nil {
			return err
		}
		if more, err := s.more(']'); err != nil || !more {
			return err
		}
	}
}

// text goes over the string at the position and says whether it has escapes.
func (s *scanner) text() (escaped bool, err error) {
	data, i := s.data, s.pos+1
	for {
		for i+8 <= len(data) {
			word := binary.LittleEndian.Uint64(data[i:])
			if special := marked(word); special != 0 {
				i += bits.TrailingZeros64(special) / 8
				break
			}
			i += 8
		}
		if i >= len(data) {
			s.pos = len(data)
			return escaped, s.wrong()
		}
		switch c := data[i]; {
		case c == '"':
			s.pos = i + 1
			return escaped, nil
		case c < ' ':
			s.pos = i
			return escaped, s.wrong()
		case c == '\\':
			escaped = true
			n := escapeLength(data[i+1:])
			if n == 0 {
				s.pos = i
				return escaped, s.wrong()
			}
			i += n
		}
		i++
	}
}

// marked has the highest bit of a byte set where that byte of word is a quotation mark,
// a backslash or a control character. Only the lowest one is certain: bytes above it may
// be marked in error, because of the borrow.
func marked(word uint64) uint64 {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	quote, slash := word^('"'*ones), word^('\\'*ones)
	return ((word-' '*ones)&^word | (quote-ones)&^quote | (slash-ones)&^slash) & highs
}

// escapeLength returns how many bytes after a backslash belong to the escape, 0 for
// none that there is.
func escapeLength(after []byte) int {
	if len(after) == 0 {
		return 0
	}
	switch after[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(after) < 5 {
			return 0
		}
		for _, c := range after[1:5] {
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return 0
			}
		}
		return 5
	default:
		return 0
	}
}

// word goes over true, false or null.
func (s *scanner) word(word string) error {
	if len(s.data)-s.pos < len(word) || string(s.data[s.pos:s.pos+len(word)]) != word {
		return s.wrong()
	}
	s.pos += len(word)
	return nil
}

// number goes over a number.
func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return s.wrong()
	}
	if s.peek() == '.' {
		if s.pos++; s.digits() == 0 {
			return s.wrong()
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if s.digits() == 0 {
			return s.wrong()
		}
	}
	return nil
}

// digits goes over digits and returns their number.
func (s *scanner) digits() int {
	start := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos - start
}
