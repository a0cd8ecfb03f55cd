package policies

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile/evidence"
	"github.com/domicile-audit/domicile/internal/plan"
)

// store gives a bundle's evidence to rules as OPA values. What several rules share is made
// once, and only when a rule asks for it: whole kinds, and the tables of look-ups and groups,
// with the fields that any of the rules reads.
type store struct {
	bundle *evidence.Bundle
	rules  []Rule

	mu     sync.Mutex
	shared map[string]*once
}

// once is a value that is made at most once.
type once struct {
	sync.Once
	value *ast.Term
	err   error
}

func newStore(bundle *evidence.Bundle, rules []Rule) *store {
	return &store{bundle: bundle, rules: rules, shared: map[string]*once{}}
}

func (s *store) once(key string, make func() (*ast.Term, error)) (*ast.Term, error) {
	s.mu.Lock()
	slot := s.shared[key]
	if slot == nil {
		slot = &once{}
		s.shared[key] = slot
	}
	s.mu.Unlock()
	slot.Do(func() { slot.value, slot.err = make() })
	return slot.value, slot.err
}

// whole returns every object of a kind as one array.
func (s *store) whole(ctx context.Context, kind string) (*ast.Term, error) {
	return s.once(kind, func() (*ast.Term, error) {
		objects, err := s.objects(ctx, kind, func(rule Rule) bool { return rule.whole(kind) })
		return ast.ArrayTerm(objects...), err
	})
}

// table returns the objects of a kind keyed by one of their fields. Objects without the
// field can't be joined and are left out; of several with the same one the last is in.
func (s *store) table(ctx context.Context, kind, key string) (*ast.Term, error) {
	return s.once(kind+" by "+key, func() (*ast.Term, error) {
		objects, err := s.objects(ctx, kind, func(rule Rule) bool { return rule.Lookup[kind] == key })
		if err != nil {
			return nil, err
		}
		table := ast.NewObjectWithCapacity(len(objects))
		for name, object := range keyed(objects, key) {
			table.Insert(name, object)
		}
		return ast.NewTerm(table), nil
	})
}

// groups returns the objects of a kind in arrays, keyed by one of their fields. Objects without
// the field can't be joined and are left out.
func (s *store) groups(ctx context.Context, kind, key string) (*ast.Term, error) {
	return s.once(kind+" grouped by "+key, func() (*ast.Term, error) {
		objects, err := s.objects(ctx, kind, func(rule Rule) bool { return rule.Group[kind] == key })
		if err != nil {
			return nil, err
		}
		groups := map[ast.Value][]*ast.Term{}
		for name, object := range keyed(objects, key) {
			groups[name.Value] = append(groups[name.Value], object)
		}
		table := ast.NewObjectWithCapacity(len(groups))
		for name, group := range groups {
			table.Insert(ast.NewTerm(name), ast.ArrayTerm(group...))
		}
		return ast.NewTerm(table), nil
	})
}

// keyed gives the objects that have a string in a field, each after that string.
func keyed(objects []*ast.Term, field string) iter.Seq2[*ast.Term, *ast.Term] {
	return func(yield func(name, object *ast.Term) bool) {
		term := ast.StringTerm(field)
		for _, object := range objects {
			name := object.Value.(ast.Object).Get(term)
			if name == nil {
				continue
			}
			if _, ok := name.Value.(ast.String); ok && !yield(name, object) {
				return
			}
		}
	}
}

// objects decodes all objects of a kind, with the fields that the rules which use it so read.
func (s *store) objects(ctx context.Context, kind string, uses func(Rule) bool) ([]*ast.Term, error) {
	keep, err := fieldsOf(kind, slices.DeleteFunc(slices.Clone(s.rules), func(rule Rule) bool { return !uses(rule) }))
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var read [][]*ast.Term
	err = s.pages(ctx, kind, DefaultPageSize, keep, func(_ context.Context, n int, page *plan.Records) error {
		objects := page.Objects()
		mu.Lock()
		defer mu.Unlock()
		if missing := n + 1 - len(read); missing > 0 {
			read = append(read, make([][]*ast.Term, missing)...)
		}
		read[n] = objects
		return nil
	})
	return slices.Concat(read...), err
}

// page is some objects of a kind as they stand in the bundle, a line each.
type page struct {
	number  int
	objects int
	lines   []byte
}

// maxPage is how many bytes a page holds before it ends early.
const maxPage = 8 << 20

// pages decodes the objects of a kind, page by page over all processors, and calls take with
// each page and its number, in any order and several at a time. Without objects there is one
// empty page.
func (s *store) pages(ctx context.Context, kind string, size int, keep *plan.Shape, take func(ctx context.Context, n int, objects *plan.Records) error) error {
	group, ctx := errgroup.WithContext(ctx)
	pages, free := make(chan page), make(chan []byte, runtime.GOMAXPROCS(0)+1)
	group.Go(func() error {
		defer close(pages)
		return s.cut(ctx, kind, size, pages, free)
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			decoder := newDecoder()
			for page := range pages {
				objects, err := decoder.page(page, keep)
				if err != nil {
					return fmt.Errorf("reading the objects of %s: %w", kind, err)
				}
				if err := take(ctx, page.number, objects); err != nil {
					return err
				}
				select {
				case free <- page.lines[:0]:
				default:
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// cut reads a kind's lines and sends them in pages. It takes the pages' bytes from free where
// it can.
func (s *store) cut(ctx context.Context, kind string, size int, pages chan<- page, free <-chan []byte) error {
	var next page
	send := func() error {
		select {
		case pages <- next:
		case <-ctx.Done():
			return ctx.Err()
		}
		next = page{number: next.number + 1}
		select {
		case next.lines = <-free:
		default:
		}
		return nil
	}
	for line, err := range s.bundle.Objects(kind) {
		if err != nil {
			return err
		}
		next.lines = append(append(next.lines, line...), '\n')
		next.objects++
		if next.objects >= size || len(next.lines) >= maxPage {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if next.objects > 0 || next.number == 0 {
		return send()
	}
	return nil
}
