package policies

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/internal/plan"
)

// decoder turns pages of JSON straight into OPA's values. It isn't for several goroutines.
type decoder struct {
	json  jsontext.Decoder
	words *cache
	// inner decodes the arrays and objects that are members of a page's objects, and shapes keeps
	// those that come again and again: thousands of users have the same licences.
	inner  *decoder
	shapes *cache
}

func newDecoder() *decoder {
	words := newCache(longestWord)
	return &decoder{words: words, shapes: newCache(longestShape), inner: &decoder{words: words}}
}

// page decodes the objects of a page, a line each, with those of their members that are among
// keep. Of a member that stands twice the last one counts, as in encoding/json, and text that
// isn't UTF-8 is replaced as there. The records read their strings from the page when they are
// asked for them.
func (d *decoder) page(page page, keep *plan.Shape) (*plan.Records, error) {
	d.json.Reset(bytes.NewBuffer(page.lines), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	records := plan.NewRecords(keep, page.objects, page.lines, d.word)
	for d.json.PeekKind() == '{' {
		records.Add()
		if err := d.members(func(name []byte) error { return d.field(records, keep, name) }); err != nil {
			return nil, err
		}
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	if records.Len() != page.objects {
		return nil, fmt.Errorf("%d objects stand on %d lines", records.Len(), page.objects)
	}
	return records, nil
}

// field decodes a member of a page's object. Where it is an array or object, the same text gives
// the same term.
func (d *decoder) field(records *plan.Records, keep *plan.Shape, name []byte) error {
	at, kept := keep.Index(name[1 : len(name)-1])
	if !kept && bytes.IndexByte(name, '\\') >= 0 {
		at, kept = keep.Index([]byte(unquoted(name)))
	}
	if !kept {
		_, err := d.json.ReadValue()
		return err
	}
	switch d.json.PeekKind() {
	case '"':
		text, err := d.json.ReadValue()
		end := int(d.json.InputOffset())
		records.SetText(at, end-len(text), end)
		return err
	case '{', '[':
		raw, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		term, err := d.shapes.term(raw, func() (*ast.Term, error) {
			d.inner.json.Reset(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
			return d.inner.value()
		})
		records.Set(at, term)
		return err
	default:
		term, err := d.value()
		records.Set(at, term)
		return err
	}
}

// end is an error unless nothing is left.
func (d *decoder) end() error {
	token, err := d.json.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	default:
		return fmt.Errorf("%s stands where an object should", token.Kind())
	}
}

// members reads an object and has take read each member's value, after its name as JSON writes it.
func (d *decoder) members(take func(name []byte) error) error {
	if _, err := d.json.ReadToken(); err != nil {
		return err
	}
	for d.json.PeekKind() == '"' {
		name, err := d.json.ReadValue()
		if err != nil {
			return err
		}
		if err := take(name); err != nil {
			return err
		}
	}
	_, err := d.json.ReadToken()
	return err
}

func (d *decoder) object() (*ast.Term, error) {
	var pairs [][2]*ast.Term
	err := d.members(func(raw []byte) error {
		name := d.word(raw)
		value, err := d.value()
		pairs = append(pairs, ast.Item(name, value))
		return err
	})
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(objectOf(pairs)), nil
}

// fewMembers is up to where comparing every two names costs less than a table of them.
const fewMembers = 32

func objectOf(pairs [][2]*ast.Term) ast.Object {
	if len(pairs) <= fewMembers && !twice(pairs) {
		return ast.NewObject(pairs...)
	}
	object := ast.NewObjectWithCapacity(len(pairs))
	for _, pair := range pairs {
		object.Insert(pair[0], pair[1])
	}
	return object
}

func twice(pairs [][2]*ast.Term) bool {
	for i := range pairs {
		for j := range i {
			if pairs[i][0] == pairs[j][0] || pairs[i][0].Value == pairs[j][0].Value {
				return true
			}
		}
	}
	return false
}

func (d *decoder) value() (*ast.Term, error) {
	switch d.json.PeekKind() {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		raw, err := d.json.ReadValue()
		if err != nil {
			return nil, err
		}
		return d.word(raw), nil
	case 'n':
		_, err := d.json.ReadToken()
		return ast.InternedNullTerm, err
	case 't', 'f':
		token, err := d.json.ReadToken()
		if err != nil {
			return nil, err
		}
		return ast.InternedTerm(token.Bool()), nil
	default:
		raw, err := d.json.ReadValue()
		if err != nil {
			return nil, err
		}
		if !calculable(raw) {
			return nil, fmt.Errorf("a number of %d characters, %.20s, is out of all bounds", len(raw), raw)
		}
		return ast.NumberTerm(json.Number(raw)), nil
	}
}

// longestNumber is the greatest length of a number, and longestExponent that of its exponent
// without sign and leading zeros.
const (
	longestNumber   = 1000
	longestExponent = 3
)

// calculable says whether a number can be calculated with. Rego does that exactly: 1e600000000
// would take hours and all memory, and OPA, which refuses such numbers wherever it reads them
// itself, panics on what is larger still.
func calculable(raw []byte) bool {
	if len(raw) > longestNumber {
		return false
	}
	at := bytes.IndexAny(raw, "eE")
	return at < 0 || len(bytes.TrimLeft(raw[at+1:], "+-0")) <= longestExponent
}

func (d *decoder) array() (*ast.Term, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	var items []*ast.Term
	for d.json.PeekKind() != ']' {
		item, err := d.value()
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := d.json.ReadToken()
	return ast.ArrayTerm(items...), err
}

// word is the term of a string as JSON writes it, quotes included.
func (d *decoder) word(raw []byte) *ast.Term {
	term, _ := d.words.term(raw, func() (*ast.Term, error) { return ast.StringTerm(unquoted(raw)), nil })
	return term
}

// cache keeps the terms of JSON that comes again and again (names of members, states, ids of
// plans), so that each is made once. A newcomer takes the place of whatever stood in its slot: its
// size is fixed, whatever is decoded.
type cache struct {
	seed    maphash.Seed
	longest int // bytes of JSON that are kept
	slots   [2048]struct {
		raw  string
		term *ast.Term
	}
}

// longestWord and longestShape are the greatest lengths of strings, and of arrays and objects,
// that are kept.
const (
	longestWord  = 64
	longestShape = 512
)

func newCache(longest int) *cache { return &cache{seed: maphash.MakeSeed(), longest: longest} }

// term returns the term that JSON stands for, which is made where it isn't kept.
func (c *cache) term(raw []byte, make func() (*ast.Term, error)) (*ast.Term, error) {
	if len(raw) > c.longest {
		return make()
	}
	slot := &c.slots[maphash.Bytes(c.seed, raw)%uint64(len(c.slots))]
	if slot.term != nil && slot.raw == string(raw) {
		return slot.term, nil
	}
	term, err := make()
	if err == nil {
		slot.raw, slot.term = string(raw), term
	}
	return term, err
}

// unquoted is the text of a JSON string that was read whole: all that can be wrong with it is
// that it isn't UTF-8, and that is replaced.
func unquoted(raw []byte) string {
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return string(text)
}
