package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// What has changed since an earlier bundle is read with Microsoft Graph's delta queries
// ("Use delta query to track changes in Microsoft Graph data"). A link is asked for before
// a collection is listed, so that what changes meanwhile is told under it; the next time it
// is followed, the changes are laid over the earlier bundle's objects, and the link at their
// end is for the time after. Whatever stands in the way of that leads to a full read: no
// link, one that has expired, an earlier file that isn't as it was, other fields, or a
// number of objects that isn't the service's.
//
// Delta queries track what is stored in the directory itself, which is what a list can
// select; Microsoft gives no list of fields and names no exception among those of the kinds
// that are read so. Users are always read in full: changes to licenseAssignmentStates are
// not tracked ("user: delta"), on which rules rest.

const (
	// mostChanges is the number of changed objects up to which the changes are read.
	mostChanges = 20_000
	// longestLink is the length in bytes up to which a link is kept.
	longestLink = 16 << 10
	// mostValues is the number of values that a $filter of Graph takes in one list.
	mostValues = 15
)

// change is what has become of one object.
type change struct {
	// members are those that the service sent, of the kind's fields, the last value of each.
	members []member
	// whole is the object as a list gives it, where it had to be asked for.
	whole json.RawMessage
	// gone says that the earlier object is no more. It may have come back, with members.
	gone bool
	// held says that the earlier bundle holds it.
	held bool
}

// isNew says whether the object comes after those of the earlier bundle.
func (c *change) isNew() bool { return len(c.members) > 0 && (c.gone || !c.held) }

// update is what has changed in a collection.
type update struct {
	of      map[string]*change // by id
	order   []string           // the ids, as they came first
	pages   int
	link    string
	objects int // that the collection has now
}

// read reads the kind: only what has changed since an earlier bundle, where there is one to
// go by, and else all of it.
func (r *reading) read(ctx context.Context) error {
	if r.out != nil || r.collector.Changes == "" || r.run.options.Since == nil {
		return r.collector.read(ctx, r)
	}
	r.listing = true // these requests aren't any between lists, from which nothing could go on
	u, err := r.update(ctx)
	if err == nil {
		r.listing = false
		return r.apply(u)
	}
	var failed *AuthError
	if errors.As(err, &failed) || ctx.Err() != nil {
		return err
	}
	r.minimum = 0
	err = r.track(ctx)
	r.listing = false
	if err != nil {
		return err
	}
	return r.collector.read(ctx, r)
}

// track asks from where the changes can be told that come from now on. A service that
// doesn't say is none the worse for it.
func (r *reading) track(ctx context.Context) error {
	asked := r.selecting(r.collector.Changes)
	for page, err := range r.pages(ctx, Request{API: r.collector.API, Path: asked + "&$deltatoken=latest"}, 0, 0) {
		var refusal *RefusalError
		if err != nil && !errors.As(err, &refusal) {
			return err
		}
		if page.Next == "" {
			r.follow(page.Changes)
		}
		break
	}
	return nil
}

// follow keeps the link under which the next changes are told.
func (r *reading) follow(link string) {
	if link != "" && len(link) <= longestLink {
		r.changes = &evidence.Changes{Asked: r.selecting(r.collector.Changes), Link: link}
	}
}

// update asks what has changed since the earlier bundle, and makes sure that with it the
// bundle's objects are the collection's. An error says why they can't be.
func (r *reading) update(ctx context.Context) (*update, error) {
	before, err := r.usable()
	if err != nil {
		return nil, err
	}
	u, err := r.changed(ctx, before.Changes.Link)
	if err != nil {
		return nil, err
	}
	u.objects = before.Objects
	if len(u.of) == 0 {
		return u, nil // it was counted when it was read
	}
	for object, err := range r.run.options.Since.Objects(r.collector.Kind) {
		if err != nil {
			return nil, err
		}
		id, err := idOf(object)
		if err != nil {
			return nil, err
		}
		if c := u.of[id]; c != nil {
			c.held = true
			u.objects--
		}
	}
	for _, c := range u.of {
		if len(c.members) > 0 {
			u.objects++
		}
	}
	if err := r.complete(ctx, u, before); err != nil {
		return nil, err
	}
	if !strings.Contains(r.collector.Paths[0], counted) {
		return u, nil
	}
	r.minimum++
	number, err := r.number(ctx, r.collector.Paths[0])
	if err == nil && number != u.objects {
		err = fmt.Errorf("the service counts %d objects, and with the changes there are %d", number, u.objects)
	}
	return u, err
}

// usable returns the earlier bundle's entry of the kind if what has changed since can be
// laid over it.
func (r *reading) usable() (evidence.Entry, error) {
	c := r.collector
	before, _ := r.run.options.Since.Manifest.Entry(c.Kind)
	api := before.API == r.describe(c.Paths[0]) || before.API == r.describe(c.Changes)
	if !before.Complete || before.Tier != c.Tier || !api || before.Changes == nil || before.Changes.Asked != r.selecting(c.Changes) {
		return before, errors.New("the earlier bundle does not hold the same")
	}
	return before, r.run.options.Since.VerifyKind(c.Kind)
}

// changed follows a link to its changes, and up to the link to the next ones.
func (r *reading) changed(ctx context.Context, link string) (*update, error) {
	u := &update{of: map[string]*change{}}
	fields := append(r.fields(), "id")
	request := Request{API: r.collector.API, Path: r.selecting(r.collector.Changes), From: link}
	for page, err := range r.pages(ctx, request, 0, 0) {
		if err != nil {
			return nil, err
		}
		u.pages++
		u.link = page.Changes
		for _, object := range page.Objects {
			if err := u.take(object, fields); err != nil {
				return nil, err
			}
		}
		if len(u.of) > mostChanges {
			return nil, errors.New("more has changed than is worth following")
		}
	}
	if u.link == "" || len(u.link) > longestLink {
		return nil, errors.New("the changes end without a link to the next ones")
	}
	return u, nil
}

// take notes one change. An object may come several times; the last values count.
func (u *update) take(object json.RawMessage, fields []string) error {
	id, err := idOf(object)
	if err != nil {
		return err
	}
	members, err := membersOf(object)
	if err != nil {
		return err
	}
	c := u.of[id]
	if c == nil {
		c = &change{}
		u.of[id] = c
		u.order = append(u.order, id)
	}
	if hasMember(members, "@removed") {
		c.gone, c.members = true, nil
		return nil
	}
	members = slices.DeleteFunc(members, func(m member) bool { return !slices.Contains(fields, m.name) })
	c.members = overlaid(c.members, members)
	return nil
}

// complete asks for the new objects that came without all of the kind's fields: the service
// leaves out what was never set, and what hasn't changed. They are asked for in the way of
// the list, as a single object's answer holds more. Where that takes more requests than the
// whole collection, it is an error.
func (r *reading) complete(ctx context.Context, u *update, before evidence.Entry) error {
	var lacking []string
	for _, id := range u.order {
		lacks := func(field string) bool { return !hasMember(u.of[id].members, field) }
		if u.of[id].isNew() && slices.ContainsFunc(r.fields(), lacks) {
			lacking = append(lacking, id)
		}
	}
	if size := top(r.collector.Paths[0]); len(lacking) > mostValues*max((before.Objects+size-1)/size, 1) {
		return errors.New("more objects are new than are worth asking for one by one")
	}
	path := strings.Replace(r.selecting(r.collector.Changes), "/delta?", "?", 1) + "&$filter="
	for ids := range slices.Chunk(lacking, mostValues) {
		for page, err := range r.pages(ctx, Request{API: r.collector.API, Path: path + oneOf(ids)}, 0, 0) {
			if err != nil {
				return err
			}
			for _, object := range page.Objects {
				id, err := idOf(object)
				if err != nil {
					return err
				}
				if c := u.of[id]; c != nil {
					c.whole = slices.Clone(object)
				}
			}
		}
		if i := slices.IndexFunc(ids, func(id string) bool { return u.of[id].whole == nil }); i >= 0 {
			return errors.New("the service tells of a new object and doesn't list it")
		}
	}
	return nil
}

// oneOf is the $filter of the objects that have one of the ids.
func oneOf(ids []string) string {
	literals := make([]string, 0, len(ids))
	for _, id := range ids {
		literals = append(literals, "'"+strings.ReplaceAll(id, "'", "''")+"'")
	}
	return strings.ReplaceAll(url.QueryEscape("id in ("+strings.Join(literals, ",")+")"), "+", "%20")
}

// apply writes the earlier bundle's objects with what has changed, in their order, and then
// the new ones in the order of their coming. What is unchanged stays as it is, to the byte.
func (r *reading) apply(u *update) error {
	r.updates = true
	r.follow(u.link)
	if err := r.start(); err != nil {
		return err
	}
	for object, err := range r.run.options.Since.Objects(r.collector.Kind) {
		if err == nil && len(u.of) > 0 {
			object, err = u.changed(object)
		}
		if err == nil && object != nil {
			err = r.write(object)
		}
		if err != nil {
			return &fatal{err}
		}
	}
	for _, id := range u.order {
		c := u.of[id]
		if !c.isNew() {
			continue
		}
		object, err := c.whole, error(nil)
		if object == nil {
			object, err = objectOf(c.members)
		}
		if err == nil {
			err = r.write(object)
		}
		if err != nil {
			return err
		}
	}
	if r.objects != u.objects {
		return &fatal{fmt.Errorf("reading evidence %s: %s changed while it was read", r.run.options.Since.Dir, r.collector.Kind)}
	}
	for range u.pages {
		r.page()
	}
	return nil
}

// changed returns an earlier object as it is now; nil where it is no more.
func (u *update) changed(object json.RawMessage) (json.RawMessage, error) {
	id, err := idOf(object)
	if err != nil {
		return nil, err
	}
	c := u.of[id]
	switch {
	case c == nil:
		return object, nil
	case c.gone:
		return nil, nil
	}
	members, err := membersOf(object)
	if err != nil {
		return nil, err
	}
	return objectOf(overlaid(members, c.members))
}

// idOf is the id of an object, which it must have.
func idOf(object json.RawMessage) (string, error) {
	var identified struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(object, &identified); err != nil || identified.ID == "" {
		return "", &RefusalError{Reason: evidence.Invalid, Message: "the service sent an object that has no id"}
	}
	return identified.ID, nil
}
