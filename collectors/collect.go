package collectors

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/domicile-audit/domicile/evidence"
)

// parallel is how many collections are read at once when Options don't say.
const parallel = 6

// Options say what is collected.
type Options struct {
	Tenant evidence.Tenant
	// Now is the time that the bundle is of.
	Now time.Time
	// Kinds are the kinds asked for; empty asks for all that have a collector.
	Kinds []string
	// Import are the kinds that files gave; see ImportFile. Where the tenant itself
	// answers, its answer stands; onboarding packages are joined.
	Import []Imported
	// Packages are the options under which onboarding packages from Azure are verified.
	Packages ImportOptions
	// Since is an earlier bundle of the tenant. Of the kinds that have a delta query only what
	// has changed since then is read, where the service still knows, and links are kept for the
	// next time. One that holds nothing is a beginning; nil neither uses nor keeps links.
	Since *evidence.Bundle
	// Reading, if set, is told that the reading of a kind begins; the context that it returns is
	// that of its requests.
	Reading func(ctx context.Context, kind string) context.Context
	// Progress is told of every page and of every kind's end; it may be nil.
	Progress func(Progress)
	// Parallel is the number of collections read at once; zero is a sensible number.
	Parallel int
}

// Progress is how far the reading of a kind has come. Gap is set at its end, if there
// is one.
type Progress struct {
	Kind     string
	Objects  int
	Requests int
	Done     bool
	Gap      evidence.Reason
}

// run is one collection of one tenant.
type run struct {
	source  Source
	writer  *evidence.Writer
	options Options

	mu      sync.Mutex
	kept    map[string][]json.RawMessage
	gaps    map[string]evidence.Reason
	written map[string]bool
	whole   map[string]bool // read by an interrupted run
}

// fatal is an error that ends the collection: the disk is full, say.
type fatal struct{ err error }

func (f *fatal) Error() string { return f.err.Error() }
func (f *fatal) Unwrap() error { return f.err }

// Collect reads the kinds asked for into the bundle. What can't be read becomes a gap;
// an error ends the collection: an *AuthError, a bundle that can't be written, or a
// cancelled context. A nil source reads nothing and writes the imports alone.
func Collect(ctx context.Context, source Source, writer *evidence.Writer, o Options) error {
	r := &run{
		source: source, writer: writer, options: o,
		kept: map[string][]json.RawMessage{}, gaps: map[string]evidence.Reason{}, written: map[string]bool{}, whole: map[string]bool{},
	}
	var waiting []Collector
	if source != nil {
		waiting = wanted(o.Kinds)
	}
	for len(waiting) > 0 {
		ready, rest := r.split(waiting)
		if err := r.all(ctx, ready); err != nil {
			return err
		}
		waiting = rest
	}
	if err := r.imports(); err != nil {
		return err
	}
	r.name()
	return nil
}

const organizationKind = "organization"

// name calls the tenant in the bundle as its organisation calls itself, where that was
// read; otherwise it keeps the name that the configuration gives it.
func (r *run) name() {
	for _, object := range r.earlier(organizationKind) {
		var organization struct {
			ID          string `json:"id"`
			DisplayName string `json:"displayName"`
		}
		err := json.Unmarshal(object, &organization)
		if err == nil && organization.DisplayName != "" && strings.EqualFold(organization.ID, r.options.Tenant.ID) {
			r.writer.Name(organization.DisplayName)
		}
	}
}

func wanted(kinds []string) []Collector {
	all := All()
	if len(kinds) == 0 {
		return all
	}
	required := Required(kinds)
	return slices.DeleteFunc(all, func(c Collector) bool { return !slices.Contains(required, c.Kind) })
}

// split takes out the collectors that come after none of the others.
func (r *run) split(waiting []Collector) (ready, rest []Collector) {
	for _, collector := range waiting {
		blocked := slices.ContainsFunc(waiting, func(other Collector) bool { return slices.Contains(collector.After, other.Kind) })
		if blocked {
			rest = append(rest, collector)
		} else {
			ready = append(ready, collector)
		}
	}
	return ready, rest
}

func (r *run) all(ctx context.Context, collectors []Collector) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(r.options.Parallel, 0))
	if r.options.Parallel == 0 {
		group.SetLimit(parallel)
	}
	for _, collector := range collectors {
		group.Go(func() error { return r.collect(ctx, collector) })
	}
	return group.Wait()
}

// collect reads one kind and settles how it ended.
func (r *run) collect(ctx context.Context, collector Collector) error {
	if r.options.Reading != nil {
		ctx = r.options.Reading(ctx, collector.Kind)
	}
	reading := &reading{run: r, collector: collector, keeps: keeps(collector.Kind)}
	err := reading.attempt(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refusal *RefusalError
	var failed *AuthError
	switch {
	case err == nil:
		if err := reading.start(); err != nil {
			return err
		}
		reading.out.Complete()
	case errors.As(err, &failed):
		return err
	case errors.As(err, &refusal):
		r.gap(collector.Kind, gapOf(collector, reading.granted, refusal))
	default:
		return err
	}
	if reading.out != nil && reading.pending > 0 {
		reading.out.Page(reading.pending)
	}
	if reading.out != nil {
		reading.out.Needed(reading.minimum)
	}
	if err := reading.end(); err != nil {
		return err
	}
	r.settle(reading)
	return nil
}

// attempt reads the kind, unless the cloud or the token rules it out beforehand. What an
// interrupted run read counts only where the token carries the permission still.
func (r *reading) attempt(ctx context.Context) error {
	if err := r.allowed(ctx); err != nil && (!r.collector.probe || !errors.Is(err, errUnpermitted)) {
		return err
	}
	if r.resume() {
		return nil
	}
	err := r.read(ctx)
	if errors.Is(err, errExpired) || err == nil && r.missed() {
		if err := r.restart(); err != nil {
			return err
		}
		return r.collector.read(ctx, r)
	}
	return err
}

// allowed says whether the cloud has the API and the token carries the permission.
func (r *reading) allowed(ctx context.Context) error {
	if !r.collector.offeredIn(r.run.options.Tenant.Cloud) {
		return &RefusalError{Reason: evidence.NotInThisCloud, Message: "the API does not exist in this cloud"}
	}
	granted, err := r.run.source.Granted(ctx, r.collector.API)
	if err != nil {
		return err
	}
	r.granted = granted
	if !r.collector.permitted(granted) {
		return errUnpermitted
	}
	return nil
}

// errUnpermitted is the refusal that domicile gives itself: a request that could only be
// refused, or answered in part, isn't sent.
var errUnpermitted = &RefusalError{Reason: evidence.NoPermission, Message: "the token does not carry the permission"}

func (r *run) settle(reading *reading) {
	r.mu.Lock()
	kind := reading.collector.Kind
	r.kept[kind] = reading.kept
	r.written[kind], r.whole[kind] = reading.out != nil, reading.whole
	reason := r.gaps[kind]
	r.mu.Unlock()
	r.progress(Progress{Kind: kind, Objects: reading.objects, Requests: reading.requests, Done: true, Gap: reason})
}

func (r *run) gap(kind string, gap evidence.Gap) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gaps[kind] = gap.Reason
	r.writer.Gap(gap)
}

func (r *run) gapOf(kind string) evidence.Reason {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gaps[kind]
}

// stood says whether an interrupted run had read a kind whole.
func (r *run) stood(kind string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.whole[kind]
}

func (r *run) earlier(kind string) []json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept[kind]
}

// keeps says whether the kind's objects are needed when they are written: by collectors
// that come after it, or for the tenant's name.
func keeps(kind string) bool {
	return kind == organizationKind || slices.ContainsFunc(All(), func(c Collector) bool { return slices.Contains(c.After, kind) })
}

func (r *run) progress(p Progress) {
	if r.options.Progress != nil {
		r.options.Progress(p)
	}
}

// imports writes what files gave, where the tenant itself gave nothing.
func (r *run) imports() error {
	for _, imported := range joined(r.options.Import) {
		if r.written[imported.Kind] {
			continue
		}
		r.written[imported.Kind] = true
		r.kept[imported.Kind] = imported.Objects
		r.writer.Filled(imported.Kind)
		if imported.Gap != nil {
			r.writer.Gap(*imported.Gap)
		}
		if imported.Objects == nil && !imported.Complete {
			continue
		}
		made := imported.Time
		if made.IsZero() {
			made = r.options.Now
		}
		out, err := r.writer.Kind(evidence.Entry{Kind: imported.Kind, Tier: imported.Tier, API: imported.API, Time: made.UTC()})
		if err != nil {
			return err
		}
		for _, object := range imported.Objects {
			if err := out.Write(object); err != nil {
				return err
			}
		}
		if imported.Complete {
			out.Complete()
		}
	}
	return nil
}
