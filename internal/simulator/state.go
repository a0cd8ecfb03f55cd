package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// edit is a directory in the making: a copy of the one that is served, and what delta
// queries will tell of the difference. The original stays as it is for the calls that
// read it.
type edit struct {
	*directory
	told []changed
}

// change lets do edit the tenant's data, which later calls see unless it fails. One change
// is made at a time.
func (s *Server) change(do func(*edit) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.dir.Load()
	e := &edit{directory: &directory{
		lists: maps.Clone(now.lists), singles: maps.Clone(now.singles), grants: maps.Clone(now.grants),
		members: now.members, owners: now.owners,
	}}
	if err := do(e); err != nil {
		return err
	}
	s.dir.Store(e.directory)
	s.changed = append(s.changed, e.told...)
	return nil
}

// Change gives an object of a collection other members, as an administrator would: one that
// isn't there is made, and nil in place of members takes it away. The collection's delta
// query, if it has one, tells of it. A path that leads to one object has no id.
func (s *Server) Change(path, id string, members map[string]any) error {
	err := s.change(func(e *edit) error {
		more, err := newObject(members)
		_, single := e.singles[path]
		switch {
		case err != nil:
			return err
		case single && members != nil:
			e.setSingle(path, more)
		case members != nil:
			e.set(path, id, more)
		case !e.remove(path, id):
			return fmt.Errorf("there is no %s", id)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("changing %s: %w", path, err)
	}
	return nil
}

// collection is the collection at a path: one of the directory's own, or the application
// permissions of a resource (servicePrincipals/<id>/appRoleAssignedTo).
func (d *directory) collection(path string) collection {
	if resource, ok := grantsOf(path); ok {
		return d.grants[resource]
	}
	return d.lists[path]
}

func grantsOf(path string) (resource string, ok bool) {
	rest, below := strings.CutPrefix(path, "servicePrincipals/")
	resource, ok = strings.CutSuffix(rest, "/appRoleAssignedTo")
	return resource, below && ok
}

func (e *edit) store(path string, list []object) {
	if resource, ok := grantsOf(path); ok {
		e.grants[resource] = collection{fixed: list}
		return
	}
	e.lists[path] = collection{fixed: list}
}

// setSingle gives the one object at a path other members.
func (e *edit) setSingle(path string, more object) {
	one := e.singles[path]
	for _, m := range more {
		one = one.with(m.name, m.raw)
	}
	e.singles[path] = one
}

// set gives an object other members; one that isn't there is made.
func (e *edit) set(path, id string, more object) {
	list := e.collection(path).whole()
	at := indexOf(list, id)
	told := object{{"id", quoted(id)}}
	// What was never set is left out where an object is new, what hasn't changed elsewhere.
	for _, m := range more {
		if m.name != "id" && (at >= 0 || !bytes.Equal(m.raw, null)) {
			told = append(told, m)
		}
	}
	if at < 0 {
		list, at = append(list, object{{"id", quoted(id)}}), len(list)
	}
	for _, m := range more {
		list[at] = list[at].with(m.name, m.raw)
	}
	e.store(path, list)
	e.told = append(e.told, changed{path, told})
}

// remove takes an object away, and what stands and falls with it; it says whether the
// object was there.
func (e *edit) remove(path, id string) bool {
	list := e.collection(path).whole()
	at := indexOf(list, id)
	if at < 0 {
		return false
	}
	old := list[at]
	e.store(path, slices.Delete(list, at, at+1))
	e.told = append(e.told, changed{path, object{{"id", old.raw("id")}, {"@removed", json.RawMessage(`{"reason":"changed"}`)}}})
	e.unassign(path, old)
	return true
}

func indexOf(list []object, id string) int {
	return slices.IndexFunc(list, func(o object) bool { return strings.EqualFold(o.text("id"), id) })
}

// whole lists all objects of the collection, in a slice of its own.
func (c collection) whole() []object {
	list := make([]object, 0, c.len()+1)
	for i := range c.len() {
		list = append(list, c.at(i))
	}
	return list
}
