package collectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/domicile-audit/domicile/evidence"
)

// reading is one collector at work: where it reads, what it wrote, and what others read
// before it.
type reading struct {
	run       *run
	collector Collector
	granted   []string

	out      *evidence.KindWriter
	keeps    bool // see keeps
	kept     []json.RawMessage
	objects  int
	requests int
	minimum  int // the least number of requests that would have done
	pending  int // requests since the last page was noted

	lists   int                  // that were begun
	listing bool                 // a list is being read
	besides bool                 // something was asked for besides lists
	joins   bool                 // imported files were looked at
	whole   bool                 // an interrupted run had read it all
	at      *evidence.Checkpoint // where an interrupted run left it, until that is reached

	changes *evidence.Changes // where the service tells later what has changed
	updates bool              // only what has changed is read
}

// path fills a path of the collector: {fields} with the fields of its kind, and the
// given names with their values.
func (r *reading) path(i int, names ...string) string {
	path := r.selecting(r.collector.Paths[i])
	for n := 0; n+1 < len(names); n += 2 {
		path = strings.ReplaceAll(path, "{"+names[n]+"}", url.PathEscape(names[n+1]))
	}
	return path
}

// selecting fills {fields} in a path.
func (r *reading) selecting(path string) string {
	if !strings.Contains(path, "{fields}") {
		return path
	}
	return strings.ReplaceAll(path, "{fields}", strings.Join(r.fields(), ","))
}

// fields are the fields of the kind that the tenant's cloud has.
func (r *reading) fields() []string {
	schema, err := evidence.SchemaOf(r.collector.Kind)
	if err != nil {
		panic(err) // the table names embedded schemas only, which a test shows
	}
	return schema.FieldsIn(r.run.options.Tenant.Cloud)
}

// start opens the kind's file, once.
func (r *reading) start() error {
	if r.out != nil {
		return nil
	}
	out, err := r.run.writer.Kind(r.entry())
	if err != nil {
		return &fatal{err}
	}
	r.out = out
	return nil
}

// entry is what the manifest says of the kind before anything is read.
func (r *reading) entry() evidence.Entry {
	asked := r.collector.Paths[0]
	if r.updates {
		asked = r.collector.Changes
	}
	return evidence.Entry{
		Kind: r.collector.Kind, Tier: r.collector.Tier, API: r.describe(asked), Time: r.run.options.Now.UTC(), Changes: r.changes,
	}
}

// describe names what is asked, for the manifest.
func (r *reading) describe(path string) string {
	bare, _, _ := strings.Cut(path, "?")
	method := "GET "
	if r.collector.Kind == "hunting_probe" {
		method = "POST "
	}
	return method + string(r.collector.API) + ": " + bare
}

// get asks for one document.
func (r *reading) get(ctx context.Context, path string) (Answer, error) {
	r.count()
	r.minimum++
	return r.run.source.Get(ctx, Request{API: r.collector.API, Path: path})
}

// pages lists a collection, and counts the requests that it takes and the least that
// would do: as many as its objects fill pages, each as large as $top asks for or, where the
// service gives larger ones or decides alone, as the largest was; at least one. before and
// largest are the objects, and those of the largest page, that an interrupted run read.
func (r *reading) pages(ctx context.Context, request Request, before, largest int) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		size, objects := max(top(request.Path), largest), before
		defer func() { r.minimum += max((objects+size-1)/size, 1) }()
		for page, err := range r.run.source.List(ctx, request) {
			r.countPage(err)
			objects += len(page.Objects)
			size = max(size, len(page.Objects))
			if !yield(page, err) {
				return
			}
		}
	}
}

// top is the page size that a path asks for, or 1.
func top(path string) int {
	_, after, _ := strings.Cut(path, "$top=")
	digits, _, _ := strings.Cut(after, "&")
	size, err := strconv.Atoi(digits)
	if err != nil {
		return 1
	}
	return max(size, 1)
}

// list reads a whole collection into the kind, adding members to each object, or goes on
// with it where an interrupted run left it. A service whose data change while it is paged
// may send an object twice; it is written once, and counted once, so that it can't stand
// in for one that was left out. Where nothing is counted, a whole page of objects that were
// seen shows that the paging goes round in circles.
func (r *reading) list(ctx context.Context, path string, add map[string]string) error {
	at, done := r.next()
	if done {
		return nil
	}
	r.listing = true
	defer r.listed()
	from := at.Next
	for page, err := range r.pages(ctx, Request{API: r.collector.API, Path: path, From: from}, at.Sent, at.Page) {
		if from != "" && expired(err) {
			return errExpired
		}
		if err != nil {
			return err
		}
		from = ""
		if err := r.start(); err != nil {
			return err
		}
		before, objects := r.objects, len(page.Objects)
		for _, object := range page.Objects {
			if err := r.put(object, add, page.Compact); err != nil {
				return err
			}
		}
		if page.Count >= 0 {
			at.Count = page.Count
		}
		r.page()
		if at.Count < 0 && r.objects == before && objects > 1 && objects >= at.Page {
			return &RefusalError{Reason: evidence.Partial, Message: "a page repeats objects of earlier pages and holds no other"}
		}
		at.Sent, at.Page = at.Sent+objects, max(at.Page, objects)
		if at.Next = page.Next; at.Next == "" {
			continue
		}
		if err := r.checkpoint(at); err != nil {
			return err
		}
	}
	if read := r.objects - at.First; at.Count >= 0 && at.Count != read {
		if err := r.recount(ctx, path, at.Count, read); err != nil {
			return err
		}
	}
	return r.checkpoint(evidence.Checkpoint{List: r.lists, First: r.objects, Count: -1})
}

// recount settles the difference between the number of objects that the service counted
// before it was read and the number that its pages held. A large collection changes while
// it is read: where the service counts anew, and what was read lies between its counts,
// that explains it. Anything else is a collection that wasn't read completely.
func (r *reading) recount(ctx context.Context, path string, expected, read int) error {
	again, err := r.number(ctx, path)
	if err != nil || read < min(expected, again) || read > max(expected, again) {
		return &RefusalError{Reason: evidence.Partial, Message: "the service counts more or fewer objects than its pages held"}
	}
	return nil
}

// errUncounted says that the service gave no number of a collection's objects.
var errUncounted = errors.New("the service doesn't count the objects")

// number asks for the number of objects of a collection whose path asks for it.
func (r *reading) number(ctx context.Context, path string) (int, error) {
	bare, query, _ := strings.Cut(path, "?")
	if !strings.Contains(query, counted) {
		return 0, errUncounted
	}
	r.count()
	answer, err := r.run.source.Get(ctx, Request{API: r.collector.API, Path: bare + "?$select=id&$top=1&" + counted})
	if err != nil {
		return 0, err
	}
	var counts struct {
		Count *int `json:"@odata.count"`
	}
	if err := json.Unmarshal(answer.Body, &counts); err != nil || counts.Count == nil {
		return 0, errUncounted
	}
	return *counts.Count, nil
}

// counted asks for the number of a collection's objects, which stands on its first page
// (Microsoft Graph, "Advanced query capabilities on Microsoft Entra ID objects").
const counted = "$count=true"

// misshapen is the refusal of an answer that isn't what Microsoft documents.
func misshapen(answer Answer, what string) *RefusalError {
	return &RefusalError{
		Status: answer.Status, RequestID: answer.RequestID, Reason: evidence.Invalid,
		Message: what + " is not of the documented shape",
	}
}

// write adds one object, without the envelope members that a single answer carries.
func (r *reading) write(object json.RawMessage) error { return r.writeWith(object, nil) }

// marshal adds a value of ours.
func (r *reading) marshal(value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return &fatal{err}
	}
	return r.write(data)
}

func (r *reading) writeWith(object json.RawMessage, add map[string]string) error {
	return r.put(object, add, false)
}

// put is writeWith for an object that may be known to be compact, and then stays so.
func (r *reading) put(object json.RawMessage, add map[string]string, compact bool) error {
	if err := r.start(); err != nil {
		return err
	}
	object, err := bare(object, add)
	if err != nil {
		return &RefusalError{Reason: evidence.Invalid, Message: "the service sent an object that is not JSON: " + err.Error()}
	}
	write := r.out.Write
	if r.listing {
		write = func(object json.RawMessage) error { return r.out.WriteOnce(object, compact) }
	}
	switch err := write(object); {
	case errors.Is(err, evidence.ErrTwice):
		return nil
	case errors.Is(err, evidence.ErrUnfit):
		return &RefusalError{Reason: evidence.Invalid, Message: err.Error()}
	case err != nil:
		return &fatal{err}
	}
	r.objects++
	if r.keeps {
		r.kept = append(r.kept, slices.Clone(object))
	}
	return nil
}

// bare returns an object without its @odata.context, id and etag, and with the members
// that are added. The order of the service's own members stays. @odata.type stays too: it
// tells a user from a group.
func bare(object json.RawMessage, add map[string]string) (json.RawMessage, error) {
	if len(add) == 0 && !bytes.Contains(object, []byte(`@odata.`)) {
		return object, nil
	}
	members, err := membersOf(object)
	if err != nil {
		return nil, err
	}
	members = slices.DeleteFunc(members, func(m member) bool {
		_, replaced := add[m.name]
		return replaced || strings.Contains(m.name, "@odata.") && m.name != "@odata.type"
	})
	added := make([]member, 0, len(add)+len(members))
	for _, name := range slices.Sorted(maps.Keys(add)) {
		value, err := json.Marshal(add[name])
		if err != nil {
			return nil, err
		}
		added = append(added, member{name, value})
	}
	return objectOf(append(added, members...))
}

// page notes a page with the requests it took, and tells about the progress.
func (r *reading) page() {
	r.out.Page(r.pending)
	r.pending = 0
	r.run.progress(Progress{Kind: r.collector.Kind, Objects: r.objects, Requests: r.requests})
}

// each lists a collection of the collector's API, object by object.
func (r *reading) each(ctx context.Context, path string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for page, err := range r.pages(ctx, Request{API: r.collector.API, Path: path}, 0, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, object := range page.Objects {
				if !yield(object, nil) {
					return
				}
			}
		}
	}
}

// countPage counts the request that gave a page or an error. A link that isn't followed
// is an error without a request.
func (r *reading) countPage(err error) {
	var refusal *RefusalError
	if errors.As(err, &refusal) && refusal.Reason == evidence.Partial {
		return
	}
	r.count()
}

func (r *reading) count() {
	r.besides = r.besides || !r.listing
	r.requests++
	r.pending++
}

// earlier returns the objects of a kind that the collector comes after.
func (r *reading) earlier(kind string) []json.RawMessage { return r.run.earlier(kind) }

// doubt makes the kind incomplete where one that it rests on was: what wasn't seen there
// could not be followed here. A kind that isn't licensed holds nothing and raises none.
func (r *reading) doubt(kinds ...string) error {
	for _, kind := range kinds {
		if reason := r.run.gapOf(kind); reason != "" && reason != evidence.NotLicensed {
			return &RefusalError{Reason: evidence.Partial, Message: "it rests on " + kind + ", which could not be read completely"}
		}
	}
	return nil
}
