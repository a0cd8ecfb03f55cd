package policies

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/domicile-audit/domicile/evidence"
)

// store gives a bundle's evidence to rules as OPA values. A kind is read once, and only
// when a rule asks for it; fields that its schema doesn't list are left out.
type store struct {
	bundle *evidence.Bundle

	mu     sync.Mutex
	whole  map[string]*once[*ast.Term]
	tables map[string]*once[*ast.Term]
}

// once is a value that is made at most once.
type once[T any] struct {
	sync.Once
	value T
	err   error
}

func (o *once[T]) get(make func() (T, error)) (T, error) {
	o.Do(func() { o.value, o.err = make() })
	return o.value, o.err
}

func newStore(bundle *evidence.Bundle) *store {
	return &store{bundle: bundle, whole: map[string]*once[*ast.Term]{}, tables: map[string]*once[*ast.Term]{}}
}

func (s *store) slot(slots map[string]*once[*ast.Term], key string) *once[*ast.Term] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slots[key] == nil {
		slots[key] = &once[*ast.Term]{}
	}
	return slots[key]
}

// all returns every object of a kind as one array.
func (s *store) all(kind string) (*ast.Term, error) {
	return s.slot(s.whole, kind).get(func() (*ast.Term, error) {
		var items []*ast.Term
		err := s.each(kind, func(object map[string]any) error {
			value, err := ast.InterfaceToValue(object)
			items = append(items, ast.NewTerm(value))
			return err
		})
		return ast.ArrayTerm(items...), err
	})
}

// table returns the objects of a kind keyed by one of their fields. Objects without the
// field can't be joined and are left out.
func (s *store) table(kind, key string) (*ast.Term, error) {
	return s.slot(s.tables, kind+" "+key).get(func() (*ast.Term, error) {
		table := ast.NewObject()
		err := s.each(kind, func(object map[string]any) error {
			name, ok := object[key].(string)
			if !ok {
				return nil
			}
			value, err := ast.InterfaceToValue(object)
			table.Insert(ast.StringTerm(name), ast.NewTerm(value))
			return err
		})
		return ast.NewTerm(table), err
	})
}

// pages yields the objects of a kind in pages of a size; an empty kind is one empty page.
func (s *store) pages(kind string, size int, take func(page *ast.Term, objects int) error) error {
	var items []*ast.Term
	taken := 0
	err := s.each(kind, func(object map[string]any) error {
		value, err := ast.InterfaceToValue(object)
		if err != nil {
			return err
		}
		items = append(items, ast.NewTerm(value))
		if len(items) < size {
			return nil
		}
		page := ast.ArrayTerm(items...)
		items, taken = nil, taken+1
		return take(page, size)
	})
	if err != nil || (len(items) == 0 && taken > 0) {
		return err
	}
	return take(ast.ArrayTerm(items...), len(items))
}

// each decodes the objects of a kind one by one, with the fields of its schema.
func (s *store) each(kind string, take func(map[string]any) error) error {
	schema, err := evidence.SchemaOf(kind)
	if err != nil {
		return err
	}
	properties, _ := schema.Root["properties"].(map[string]any)
	for line, err := range s.bundle.Objects(kind) {
		if err != nil {
			return err
		}
		var object map[string]any
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.UseNumber()
		if err := decoder.Decode(&object); err != nil {
			return fmt.Errorf("reading an object of %s: %w", kind, err)
		}
		for name := range object {
			if _, listed := properties[name]; !listed {
				delete(object, name)
			}
		}
		if err := take(object); err != nil {
			return fmt.Errorf("reading an object of %s: %w", kind, err)
		}
	}
	return nil
}

// inputFor makes a rule's input, page being the objects of its scope (nil for the scope
// tenant).
func (s *store) inputFor(rule Rule, profile string, params map[string]any, page *ast.Term) (ast.Value, error) {
	manifest := &s.bundle.Manifest
	known, gaps, lookup := ast.NewObject(), map[string]any{}, ast.NewObject()
	for _, kind := range rule.Kinds() {
		if gap, missing := gapFor(manifest, kind); missing {
			gaps[kind] = map[string]any{"reason": gap.Reason, "status": gap.Status, "code": gap.Code}
		}
		if key, joined := rule.Lookup[kind]; joined {
			table, err := s.table(kind, key)
			if err != nil {
				return nil, err
			}
			lookup.Insert(ast.StringTerm(kind), table)
		}
		objects := ast.ArrayTerm()
		if kind == rule.Scope {
			objects = page
		} else if _, joined := rule.Lookup[kind]; !joined {
			var err error
			if objects, err = s.all(kind); err != nil {
				return nil, err
			}
		}
		known.Insert(ast.StringTerm(kind), objects)
	}
	reader := manifest.Reader
	base, err := ast.InterfaceToValue(map[string]any{
		"tenant":  map[string]any{"id": manifest.Tenant.ID, "name": manifest.Tenant.Name, "cloud": manifest.Tenant.Cloud},
		"now":     manifest.Started.UTC().Format(time.RFC3339),
		"profile": profile,
		"params":  params,
		"reader":  map[string]any{"tid": reader.TenantID, "appid": reader.AppID, "roles": reader.Roles, "scp": reader.Scopes},
		"gaps":    gaps,
	})
	if err != nil {
		return nil, err
	}
	input := base.(ast.Object)
	input.Insert(ast.StringTerm("evidence"), ast.NewTerm(known))
	input.Insert(ast.StringTerm("lookup"), ast.NewTerm(lookup))
	return input, nil
}

// gapFor returns the gap of a kind as rules see it: partial where some of the kind was
// read, whatever cut it short.
func gapFor(manifest *evidence.Manifest, kind string) (evidence.Gap, bool) {
	gap, missing := manifest.GapOf(kind)
	if entry, read := manifest.Entry(kind); missing && read && !entry.Complete {
		gap.Reason = evidence.Partial
	}
	return gap, missing
}
