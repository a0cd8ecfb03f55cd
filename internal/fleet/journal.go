package fleet

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/domicile-audit/domicile/collectors"
)

// journal is what a job has to tell and isn't written yet: its log, and how far it has come.
type journal struct {
	mu       sync.Mutex
	lines    []LogLine
	progress map[string]Progress
	changed  bool
}

// show takes how far the collection of a kind has come.
func (j *journal) show(step collectors.Progress) {
	state := "reading"
	switch {
	case step.Gap != "":
		state = string(step.Gap)
	case step.Done:
		state = "done"
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.progress[step.Kind] = Progress{step.Kind, step.Objects, state}
	j.changed = true
}

// take gives the lines that weren't taken yet, and all of the progress; changed is false where
// neither is new.
func (j *journal) take() (lines []LogLine, progress []Progress, changed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines, changed = j.lines, j.changed
	j.lines, j.changed = nil, false
	progress = make([]Progress, 0, len(j.progress))
	for _, kind := range slices.Sorted(maps.Keys(j.progress)) {
		progress = append(progress, j.progress[kind])
	}
	return lines, progress, changed
}

// putBack takes lines back that couldn't be written.
func (j *journal) putBack(lines []LogLine) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines, j.changed = append(lines, j.lines...), true
}

// handler writes what is logged at level info and above into a journal.
type handler struct {
	to    *journal
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle implements slog.Handler.
func (h handler) Handle(_ context.Context, record slog.Record) error {
	var line strings.Builder
	line.WriteString(record.Message)
	add := func(attr slog.Attr) bool {
		line.WriteString(" " + attr.String())
		return true
	}
	for _, attr := range h.attrs {
		add(attr)
	}
	record.Attrs(add)
	h.to.mu.Lock()
	defer h.to.mu.Unlock()
	h.to.lines = append(h.to.lines, LogLine{record.Time.UTC(), strings.ToLower(record.Level.String()), line.String()})
	h.to.changed = true
	return nil
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.to, slices.Concat(h.attrs, attrs)}
}

// WithGroup implements slog.Handler. Lines have no groups.
func (h handler) WithGroup(string) slog.Handler { return h }
