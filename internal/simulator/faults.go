package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Fault is an answer that isn't what was asked for, a connection that ends, or a change
// that somebody else makes meanwhile.
type Fault struct {
	// Path is the canonical path of the call without its query (/v1.0/users,
	// /xdr/api/incidents, /arm/subscriptions); one that ends in * stands for all paths that
	// begin so.
	Path string `yaml:"path"`
	// Methods are those that it meets; all when empty.
	Methods []string `yaml:"methods"`
	// Skip is how often it is met before it happens, Times how often it then happens; 0 of
	// them means always.
	Skip  int `yaml:"skip"`
	Times int `yaml:"times"`
	// Page limits the fault to one page of a collection, counted from 1.
	Page int `yaml:"page"`

	Status     int    `yaml:"status"`
	Code       string `yaml:"code"`
	Message    string `yaml:"message"`
	RetryAfter int    `yaml:"retryAfter"`
	// Truncate answers 200 with the first half of the body.
	Truncate bool `yaml:"truncate"`
	// Cut ends the connection without an answer: before the call has its effect, or after.
	Cut string `yaml:"cut"`
	// Drift is a change by another administrator: after what a read answers, and before a
	// write.
	Drift *Drift `yaml:"drift"`
}

// Drift is a change of one object, as Server.Change makes it.
type Drift struct {
	Path    string         `yaml:"path"`
	ID      string         `yaml:"id"`
	Members map[string]any `yaml:"members"`
}

// scripted is a fault with how often it was met.
type scripted struct {
	Fault
	hits int
}

func (f Fault) check() error {
	kinds := 0
	for _, set := range []bool{f.Status != 0, f.Truncate, f.Cut != "", f.Drift != nil} {
		if set {
			kinds++
		}
	}
	switch {
	case !strings.HasPrefix(f.Path, "/"), kinds != 1, f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("fault on %q: want a path from the root, and one of a status from 400 to 599, truncate, cut and drift", f.Path)
	case f.Cut != "" && f.Cut != "before" && f.Cut != "after":
		return fmt.Errorf("fault on %q: cut is %q; want before or after", f.Path, f.Cut)
	}
	return nil
}

// Fault adds a fault behind those of the tenant's file.
func (s *Server) Fault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &scripted{Fault: f})
	return nil
}

// faulted answers with the refusal of a request that goes beyond the limits, or else with
// the first fault that meets the call, if any, in the shape that refuse gives it. What
// comes after the answer is left to truncate.
func (c *call) faulted(refuse func(status int, code, message string)) bool {
	if c.throttled(refuse) {
		return true
	}
	for _, f := range c.server.due(c, Fault.early) {
		switch {
		case f.Drift != nil:
			if err := c.server.Change(f.Drift.Path, f.Drift.ID, f.Drift.Members); err != nil {
				refuse(http.StatusInternalServerError, "InternalServerError", err.Error())
				return true
			}
			continue
		case f.Cut != "":
			c.out.cut = true
		default:
			refuse(f.Status, first(f.Code, http.StatusText(f.Status)), f.Message)
			if f.RetryAfter > 0 {
				c.out.header.Set("Retry-After", strconv.Itoa(f.RetryAfter))
			}
		}
		return true
	}
	return false
}

// truncate cuts the body in half, or the connection, where a fault says so.
func (c *call) truncate() {
	for _, f := range c.server.due(c, func(f Fault) bool { return !f.early() }) {
		if f.Truncate {
			c.out.body = c.out.body[:len(c.out.body)/2]
		} else {
			c.out.cut = true
		}
	}
}

// early says whether the fault comes before the call has its effect.
func (f Fault) early() bool { return !f.Truncate && f.Cut != "after" }

func (f Fault) meets(c *call) bool {
	prefix, open := strings.CutSuffix(f.Path, "*")
	return (f.Path == c.path || open && strings.HasPrefix(c.path, prefix)) &&
		(len(f.Methods) == 0 || slices.Contains(f.Methods, c.r.Method)) &&
		(f.Page == 0 || f.Page == c.page)
}

// due counts the faults of a sort that the call meets, up to the first that ends it, and
// returns those that happen now.
func (s *Server) due(c *call, sort func(Fault) bool) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Fault
	for _, f := range s.faults {
		if !sort(f.Fault) || !f.meets(c) {
			continue
		}
		f.hits++
		if f.hits <= f.Skip || (f.Times > 0 && f.hits > f.Skip+f.Times) {
			continue
		}
		out = append(out, f.Fault)
		if f.early() && f.Drift == nil {
			break
		}
	}
	return out
}
