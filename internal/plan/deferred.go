package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Records and lists are objects and arrays that aren't made as OPA's values until they must be: of
// a page's thousand objects a rule reads two or three members, and nearly all of them pass. The
// statements that take members and elements, and those that hand a value on, take them as they are
// (operand.as); for all else, such as a built-in function, they are made first (operand.of), which
// is also what a statement gets that doesn't ask. They belong to one evaluation after another, not
// to several at once.

// Shape is the names that the members of records may have. There are so few that comparing them
// one by one is faster than a table of them.
type Shape struct {
	names []string
	terms []*ast.Term
}

// NewShape makes a shape of names, each of which stands there once.
func NewShape(names ...string) *Shape {
	s := &Shape{names: names}
	for _, name := range names {
		s.terms = append(s.terms, ast.StringTerm(name))
	}
	return s
}

// Index is which of the shape's names this is.
func (s *Shape) Index(name []byte) (int, bool) {
	for i, known := range s.names {
		if known == string(name) {
			return i, true
		}
	}
	return 0, false
}

// Records are records of one shape, whose strings may lie unread in a source.
type Records struct {
	shape   *Shape
	source  []byte
	text    func([]byte) *ast.Term
	records int
	members []field // of all records, one after another
}

// field is a member's value: a term, what stands in the source and is read when it is asked for, or
// neither where the record has none.
type field struct {
	term     *ast.Term
	from, to uint32
}

// NewRecords makes place for some records. text gives the term of what stands in the source.
func NewRecords(shape *Shape, records int, source []byte, text func([]byte) *ast.Term) *Records {
	return &Records{shape: shape, source: source, text: text, members: make([]field, 0, records*len(shape.names))}
}

// Add adds a record without members, which Set and SetText add.
func (r *Records) Add() {
	r.records++
	r.members = append(r.members, make([]field, len(r.shape.names))...)
}

// Set gives the last record the member that has a name of the shape.
func (r *Records) Set(name int, value *ast.Term) { *r.last(name) = field{term: value} }

// SetText gives the last record a member that stands in the source.
func (r *Records) SetText(name, from, to int) {
	*r.last(name) = field{from: uint32(from), to: uint32(to)} //nolint:gosec // a source is smaller than 4 GiB
}

func (r *Records) last(name int) *field {
	return &r.members[len(r.members)-len(r.shape.names)+name]
}

// Len is the number of records.
func (r *Records) Len() int { return r.records }

// Objects are the records as OPA's values.
func (r *Records) Objects() []*ast.Term {
	objects := make([]*ast.Term, r.records)
	for i := range objects {
		record := r.record(i)
		objects[i] = ast.NewTerm(record.object())
	}
	return objects
}

func (r *Records) record(i int) record { return record{of: r, first: i * len(r.shape.names)} }

// List is all records as a list.
func (r *Records) List() *ast.Term {
	records, terms, elements := make([]record, r.records), make([]ast.Term, r.records), make([]*ast.Term, r.records)
	for i := range r.records {
		records[i] = r.record(i)
		terms[i].Value = &records[i]
		elements[i] = &terms[i]
	}
	return ast.NewTerm(&list{elements: elements})
}

// Object is a record of members that are there, whose names are strings.
func Object(members ...[2]*ast.Term) *ast.Term {
	var names []string
	for _, member := range members {
		names = append(names, string(member[0].Value.(ast.String)))
	}
	r := NewRecords(NewShape(names...), 1, nil, nil)
	r.Add()
	for i, member := range members {
		r.Set(i, member[1])
	}
	only := r.record(0)
	return ast.NewTerm(&only)
}

// Made is a term whose value, if it is a record or list, was made as OPA's.
func Made(term *ast.Term) *ast.Term {
	if term == nil {
		return nil
	}
	switch value := term.Value.(type) {
	case *record:
		term.Value = value.object()
	case *list:
		term.Value = value.array()
	}
	return term
}

// record stands where a value does and is none.
type record struct {
	ast.Value
	of    *Records
	first int
}

// Get is the value of a member, nil for none.
func (r *record) Get(key *ast.Term) *ast.Term {
	name, ok := key.Value.(ast.String)
	if !ok {
		return nil
	}
	i := slices.Index(r.of.shape.names, string(name))
	if i < 0 {
		return nil
	}
	return r.member(i)
}

func (r *record) member(name int) *ast.Term {
	field := &r.of.members[r.first+name]
	if field.term == nil && field.to > 0 {
		field.term = r.of.text(r.of.source[field.from:field.to])
	}
	return field.term
}

func (r *record) object() ast.Object {
	members := make([][2]*ast.Term, 0, len(r.of.shape.names))
	for i, name := range r.of.shape.terms {
		if value := Made(r.member(i)); value != nil {
			members = append(members, ast.Item(name, value))
		}
	}
	return ast.NewObject(members...)
}

// list stands where a value does and is none. So does every array that a plan makes.
type list struct {
	ast.Value
	elements []*ast.Term
}

func (l *list) array() *ast.Array {
	for _, element := range l.elements {
		Made(element)
	}
	return ast.NewArray(l.elements...)
}
