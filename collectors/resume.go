package collectors

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/domicile-audit/domicile/evidence"
)

// An interrupted collection is gone on with kind by kind: one that was read whole is not
// read again, one that consists of lists goes on after its last page, and any other is
// read anew.

// errExpired says that the service doesn't know the link any more with which a list was to
// go on.
var errExpired = errors.New("the link to the next page has expired")

// expired says whether a refusal means the link that was followed and not the reader:
// services forget their links after a while, or say that they never gave them.
func expired(err error) bool {
	var refusal *RefusalError
	if !errors.As(err, &refusal) {
		return false
	}
	gone := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone}
	return slices.Contains(gone, refusal.Status) || refusal.Status == 0 && refusal.Reason == evidence.Invalid
}

// resume takes up a kind where an interrupted run left it and says whether that had read
// it whole. A kind that rests on others goes on only where they stand as they stood then.
func (r *reading) resume() (whole bool) {
	for _, before := range r.collector.After {
		if !r.run.stood(before) {
			return false
		}
	}
	r.out = r.run.writer.Continue(r.entry(), func(object json.RawMessage) {
		if r.keeps {
			r.kept = append(r.kept, slices.Clone(object))
		}
	})
	if r.out == nil {
		r.kept = nil
		return false
	}
	entry, at := r.out.Entry(), r.out.At()
	r.objects, r.requests, r.minimum, r.whole = entry.Objects, entry.Requests, entry.Minimum, entry.Complete
	if !r.whole {
		r.at = &at
	}
	return r.whole
}

// restart reads a kind from its beginning after all.
func (r *reading) restart() error {
	r.at, r.lists, r.objects, r.minimum, r.kept = nil, 0, 0, 0, nil
	if err := r.out.Restart(); err != nil {
		return &fatal{err}
	}
	return nil
}

// next is where the list that begins now is to be read from, and whether an interrupted
// run had read it whole.
func (r *reading) next() (at evidence.Checkpoint, whole bool) {
	at = evidence.Checkpoint{List: r.lists, First: r.objects, Count: -1}
	r.lists++
	switch {
	case r.at == nil:
		return at, false
	case at.List < r.at.List:
		return at, true
	default:
		at, r.at = *r.at, nil
		return at, false
	}
}

// listed ends a list: what comes after it is not compared with its objects.
func (r *reading) listed() {
	r.listing = false
	if r.out != nil {
		r.out.Distinct()
	}
}

// missed says whether the kind ended before the place at which it was to go on.
func (r *reading) missed() bool {
	return r.at != nil && (r.at.List != r.lists || r.at.Next != "")
}

// checkpoint notes how far the kind is read. Only what consists of lists can go on from
// there: what a request besides them gave isn't known any more.
func (r *reading) checkpoint(at evidence.Checkpoint) error {
	if r.besides || r.out == nil {
		return nil
	}
	r.out.Needed(r.minimum)
	if err := r.out.Checkpoint(at); err != nil {
		return &fatal{err}
	}
	return nil
}

// end notes how the kind ended. One with a gap is read anew by a later run, and so is one
// that imported files are joined to, which may have changed by then.
func (r *reading) end() error {
	var err error
	switch {
	case r.out == nil || r.whole:
	case r.joins || r.run.gapOf(r.collector.Kind) != "":
		err = r.out.Anew()
	default:
		err = r.out.Checkpoint(evidence.Checkpoint{})
	}
	if err != nil {
		return &fatal{err}
	}
	return nil
}
