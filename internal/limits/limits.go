// Package limits is what Microsoft documents of how much its services answer: which
// requests are counted together, how many there may be, and what each costs.
//
// In goes an API and a path; out come the workload that they belong to and the units that
// they take. The package is data; it waits for nothing and refuses nothing.
package limits

import (
	"path"
	"strconv"
	"strings"
	"time"
)

// Limit is at most so many units in any period of a length.
type Limit struct {
	Units int
	Per   time.Duration
}

// Workload is a part of a service whose requests are counted together, for each tenant and
// application.
type Workload struct {
	Name string
	// API and Paths say which requests belong to it: those whose path, relative to the
	// API's root and without its version, begins with one of Paths. No paths means all that
	// belong to no workload before it in the table.
	API   string
	Paths []string
	// Limits hold all at once.
	Limits []Limit
	// Concurrent is how many requests may be under way at a time; 0 where nothing is said.
	Concurrent int
	// Costs are the units of requests by their path, in which * stands for one segment; the
	// first that fits counts. Any other request costs one unit.
	Costs []Cost
	// Options change the cost: one less with $select, one more with $expand, one less with
	// a $top below 20, and never less than one.
	Options bool
	// Silent workloads refuse without saying when to come back (no Retry-After).
	Silent bool
	// Source is where the limits are documented.
	Source string
}

// Cost is what the requests of a path cost.
type Cost struct {
	Path  string
	Units int
}

// Of returns the workload of a request and its cost. path is relative to the API's root,
// without a slash at its beginning, and carries its query.
func Of(api, request string) (workload *Workload, units int) {
	request = strings.TrimPrefix(strings.TrimPrefix(request, "v1.0/"), "beta/")
	bare, query, _ := strings.Cut(request, "?")
	for i := range table {
		if table[i].holds(api, bare) {
			return &table[i], table[i].cost(bare, query)
		}
	}
	return &unknown, 1
}

func (w *Workload) holds(api, bare string) bool {
	if w.API != api {
		return false
	}
	for _, prefix := range w.Paths {
		if strings.HasPrefix(bare, prefix) {
			return true
		}
	}
	return len(w.Paths) == 0
}

func (w *Workload) cost(bare, query string) int {
	units := 1
	for _, cost := range w.Costs {
		if fits, err := path.Match(cost.Path, bare); err == nil && fits {
			units = cost.Units
			break
		}
	}
	if !w.Options {
		return units
	}
	for option := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(strings.Replace(option, "%24", "$", 1), "=")
		switch name {
		case "$select":
			units--
		case "$expand":
			units++
		case "$top":
			if top, err := strconv.Atoi(value); err == nil && top < smallTop {
				units--
			}
		}
	}
	return max(units, 1)
}

// smallTop is the $top below which a request of the identity service costs less.
const smallTop = 20
