package scan

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/domicile-audit/domicile/evidence"
)

// resumable is how old an interrupted collection may be to be gone on with: the parts of
// a bundle are to be of about one time.
const resumable = 24 * time.Hour

// interrupted is what stands of an earlier collection of a bundle. Unfit says why it can't
// be gone on with; it is set where nothing stands there, too.
type interrupted struct {
	left  *evidence.Interrupted
	unfit string
}

// interrupted looks for a collection that was interrupted and can be gone on with.
func (c Collection) interrupted(dir string, now time.Time) interrupted {
	if c.Tenant == nil {
		return interrupted{unfit: "files are read anew"}
	}
	left, err := evidence.ReadInterrupted(dir)
	switch {
	case c.Pseudonyms != nil:
		return interrupted{&evidence.Interrupted{}, "with pseudonyms everything is read anew"}
	case errors.Is(err, fs.ErrNotExist):
		return interrupted{unfit: "there is none"}
	case err != nil:
		return interrupted{&evidence.Interrupted{}, "what it left can't be relied on: " + err.Error()}
	case left.Manifest.Tool != c.Tool:
		return interrupted{left, "it was made by " + left.Manifest.Tool}
	case now.Sub(left.Manifest.Started).Abs() > resumable:
		return interrupted{left, "its time, " + left.Manifest.Started.Format(time.RFC3339) + ", is more than a day off"}
	default:
		return interrupted{left: left}
	}
}

// begin starts the bundle, or goes on with it where that was asked for and can be done.
func (c Collection) begin(dir string, manifest evidence.Manifest, before interrupted, now time.Time) (*evidence.Writer, error) {
	if c.Resume && before.unfit == "" {
		writer, err := evidence.Resume(dir, manifest, now)
		if err == nil {
			c.notice("going on with the collection of %s, which was interrupted; kinds read whole: %d", manifest.Started.Format(time.RFC3339), before.left.Done())
		}
		return writer, err
	}
	writer, err := evidence.Create(dir, manifest)
	switch {
	case err != nil || before.left == nil:
	case c.Resume:
		c.notice("an interrupted collection is not gone on with: %s", before.unfit)
	case before.unfit == "" && before.left.Fits(manifest) == nil:
		c.notice("an interrupted collection of %s gave way; with --resume it would have been gone on with", before.left.Manifest.Started.Format(time.RFC3339))
	}
	return writer, err
}

func (c Collection) notice(format string, args ...any) {
	if c.Notice != nil {
		c.Notice(fmt.Sprintf(format, args...))
	}
}
