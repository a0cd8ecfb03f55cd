// Package fleet scans many tenants, on schedules and on request: it plans the scans, shares
// them among processes, and sees that each is finished once, whatever ends in between.
//
// A configuration goes in, and results in the history and bundles in the data folder come
// out. What a scan is, internal/scan says; the package prints nothing and serves nothing.
package fleet

import (
	"errors"
	"time"

	"github.com/domicile-audit/domicile/findings"
)

// The errors that callers tell apart.
var (
	// ErrUnderWay says that a tenant has a scan that isn't over yet.
	ErrUnderWay = errors.New("a scan of the tenant is under way")
	// ErrNoTenant says that the configuration has no such tenant.
	ErrNoTenant = errors.New("the configuration has no such tenant")
	// ErrNoPseudonyms says that a bundle names people, and the configuration has pseudonyms for
	// the evidence of its tenant.
	ErrNoPseudonyms = errors.New("the configuration has pseudonyms for the tenant's evidence, and the bundle has none")
	// ErrAhead says that a bundle begins later than it is: recorded, it would hide every scan until then.
	ErrAhead = errors.New("the bundle is of a time that hasn't come")
	// ErrNoJob says that there is no job of an id.
	ErrNoJob = errors.New("there is no such job")
)

// State is how far a job has come.
type State string

// The states of a job. Waiting, running and retrying ones are under way, and one is cancelled
// whose tenant is in the configuration no longer.
const (
	Waiting   State = "waiting"
	Running   State = "running"
	Retrying  State = "retrying"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Cause is why a scan was asked for.
type Cause string

// The causes of a job.
const (
	BySchedule Cause = "schedule"
	ByRequest  Cause = "request"
	ByUpload   Cause = "upload"
)

// Job is one scan that was asked for.
type Job struct {
	ID       int64  `json:"id"`
	Tenant   string `json:"tenant"`
	TenantID string `json:"tenantId"`
	Cause    Cause  `json:"cause"`
	// By is who asked for it: a schedule's expression, or whom Start and Upload name.
	By    string `json:"by"`
	State State  `json:"state"`
	// Queued is when it was asked for, Started when it was last begun and Finished when it was
	// over; the latter two are zero until then.
	Queued   time.Time `json:"queued"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	// Due is when one that waits, or waits for its next try, is to begin; zero for any other.
	Due time.Time `json:"due,omitzero"`
	// Worker is the process that runs it, or ran it last, and Attempt how often it was begun.
	Worker  string `json:"worker"`
	Attempt int    `json:"attempt"`
	// Exit is how the result ends, nil without one, and Scan the result's id in the history, 0
	// without one.
	Exit *findings.Exit `json:"exit,omitempty"`
	Scan int64          `json:"scan,omitempty"`
	// Error is why the last attempt gave no result, also while the job waits for its next one; empty
	// where it did.
	Error string `json:"error,omitempty"`
	// Progress is how far the collection has come, kind by kind; Jobs leaves it out.
	Progress []Progress `json:"progress,omitempty"`
}

// Progress is how far the collection of one kind of evidence has come. State is reading,
// done, or the reason of a gap.
type Progress struct {
	Kind    string `json:"kind"`
	Objects int    `json:"objects"`
	State   string `json:"state"`
}

// LogLine is a line of a job's log.
type LogLine struct {
	Time  time.Time `json:"time"`
	Level string    `json:"level"`
	Text  string    `json:"text"`
}

// Query chooses jobs, the latest first. Its zero value chooses all of them.
type Query struct {
	// Tenant is a tenant's name, State a state; empty for any.
	Tenant string
	State  State
	// Before is the id of a job before which the list begins, 0 for the latest.
	Before int64
	// Limit is the greatest number of jobs, 100 for zero.
	Limit int
}

// Tenant is a tenant that is watched.
type Tenant struct {
	Name   string   `json:"name"`
	ID     string   `json:"id"`
	Cloud  string   `json:"cloud"`
	Groups []string `json:"groups"`
	// Schedules are the expressions that it is scanned by, and Next when it is scanned next by
	// them; zero without any.
	Schedules []string  `json:"schedules"`
	Next      time.Time `json:"next,omitzero"`
}
