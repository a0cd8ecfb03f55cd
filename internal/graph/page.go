package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// page is one page of a collection, as parsed.
type page struct {
	objects []json.RawMessage
	// compact says that no white space stands between the tokens of any object.
	compact bool
	count   int
	next    string
	changes string
}

// parsePage takes a page apart: the objects of value, @odata.count (-1 if there is none)
// and the link to the next page, whose name is given. The objects are parts of body;
// nothing is copied. They are listed in objects, which is overwritten. A page without an
// array named value, or one that isn't JSON from end to end, is an error.
func parsePage(body []byte, link string, objects []json.RawMessage) (page, error) {
	p := page{count: -1, compact: true, objects: objects[:0]}
	s := scanner{data: body}
	found := false
	err := s.object(func(key []byte) (err error) {
		switch string(key) {
		case "value":
			if found {
				return errors.New("it has two values")
			}
			found = true
			return s.array(func() error {
				start := s.pos
				if s.peek() != '{' {
					return errors.New("its value holds something that is no object")
				}
				s.spaced = false
				if err := s.skip(1); err != nil {
					return err
				}
				p.compact = p.compact && !s.spaced
				// The full slice expression keeps an append by a consumer off the next object.
				p.objects = append(p.objects, s.data[start:s.pos:s.pos])
				return nil
			})
		case "@odata.count":
			raw, err := s.raw()
			if err != nil {
				return err
			}
			p.count, err = parseCount(raw)
			return err
		case link:
			p.next, err = s.link("to the next page")
			return err
		case deltaLink:
			p.changes, err = s.link("to the changes")
			return err
		default:
			return s.skip(1)
		}
	})
	switch {
	case err != nil:
		return page{}, err
	case !found:
		return page{}, errors.New("it has no value")
	}
	return p, s.end()
}

// deltaLink is the name of the link under which changes can be asked for later.
const deltaLink = "@odata.deltaLink"

// link goes over a link and returns it; null is none. what says where it leads.
func (s *scanner) link(what string) (string, error) {
	raw, err := s.raw()
	if err != nil {
		return "", err
	}
	var link string
	if err := json.Unmarshal(raw, &link); err != nil {
		return "", fmt.Errorf("its link %s is no string", what)
	}
	return link, nil
}

// parseCount reads a count, which OData may write as a string. null is none.
func parseCount(raw []byte) (int, error) {
	text := string(raw)
	if text == "null" {
		return -1, nil
	}
	if len(raw) > 1 && raw[0] == '"' {
		text = string(raw[1 : len(raw)-1])
	}
	count, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return -1, errors.New("its @odata.count is no number")
	}
	return int(count), nil
}

// validJSON says what keeps a body from being one JSON value (RFC 8259).
func validJSON(body []byte) error {
	s := scanner{data: body}
	s.space()
	if err := s.skip(0); err != nil {
		return err
	}
	return s.end()
}

// maxDepth is the greatest depth to which values may be nested.
const maxDepth = 1000

// scanner goes over JSON (RFC 8259) and checks it on the way, without allocating.
type scanner struct {
	data []byte
	pos  int
	// spaced is set where white space is passed.
	spaced bool
}

// peek returns the byte at the position, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// space skips white space.
func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
			s.spaced = true
		default:
			return
		}
	}
}

// end is an error unless nothing but white space is left.
func (s *scanner) end() error {
	if s.space(); s.pos != len(s.data) {
		return s.wrong()
	}
	return nil
}

// wrong says where the JSON is broken, and nothing of what is there.
func (s *scanner) wrong() error {
	if s.pos >= len(s.data) {
		return errors.New("the JSON ends too early")
	}
	return fmt.Errorf("the JSON is broken at byte %d", s.pos)
}

// raw skips a value and returns its bytes.
func (s *scanner) raw() ([]byte, error) {
	start := s.pos
	if err := s.skip(1); err != nil {
		return nil, err
	}
	return s.data[start:s.pos], nil
}

// object goes over the object at the position; field is called at each value with its
// key and must go over the value.
func (s *scanner) object(field func(key []byte) error) error {
	s.space()
	if s.peek() != '{' {
		return s.wrong()
	}
	s.pos++
	if s.space(); s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		key, err := s.key()
		if err != nil {
			return err
		}
		if err := field(key); err != nil {
			return err
		}
		more, err := s.more('}')
		if err != nil || !more {
			return err
		}
	}
}

// array goes over the array at the position; item is called at each value and must go
// over it.
func (s *scanner) array(item func() error) error {
	if s.peek() != '[' {
		return errors.New("its value is no array")
	}
	s.pos++
	if s.space(); s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		more, err := s.more(']')
		if err != nil || !more {
			return err
		}
	}
}

// more goes past a comma to the next value and returns true, or past the closing
// bracket and returns false.
func (s *scanner) more(closing byte) (bool, error) {
	s.space()
	switch s.peek() {
	case ',':
		s.pos++
		s.space()
		return true, nil
	case closing:
		s.pos++
		return false, nil
	default:
		return false, s.wrong()
	}
}

// key goes over a key and its colon to the value, and returns the key unquoted.
func (s *scanner) key() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.wrong()
	}
	start := s.pos
	escaped, err := s.text()
	if err != nil {
		return nil, err
	}
	key := s.data[start+1 : s.pos-1]
	if escaped {
		var unquoted string
		if err := json.Unmarshal(s.data[start:s.pos], &unquoted); err != nil {
			return nil, s.wrong()
		}
		key = []byte(unquoted)
	}
	if s.space(); s.peek() != ':' {
		return nil, s.wrong()
	}
	s.pos++
	s.space()
	return key, nil
}
