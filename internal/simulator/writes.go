package simulator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Write is a request that would change the tenant, whether it was taken or not.
type Write struct {
	Method, Path string
	// Client is the application that asked.
	Client string
	Body   []byte
	// Status is that of the answer, also where the connection ended instead.
	Status int
	// Done says that the tenant's data have changed.
	Done bool
}

// Writes lists the requests since the start that would change the tenant, in the order in
// which they were answered. What only asks by POST isn't among them: sign-in, batches and
// hunting.
func (s *Server) Writes() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// operation is one write that Microsoft documents. None of them is documented to look at
// If-Match: their resources have no ETag.
type operation struct {
	method string
	// path is relative to the version; * stands for an id.
	path string
	// roles are the application permissions: of each list, one.
	roles    [][]string
	licence  licence
	clouds   []string
	security bool
	run      func(w *writing) (outcome, error)
}

// operations lists the writes that are taken, with the permissions of Microsoft's
// reference, the least first.
func operations() []operation {
	return slices.Concat(policyWrites(), grantWrites(), roleWrites(), objectWrites())
}

func oneOf(roles ...string) [][]string { return [][]string{roles} }

// writing is a write that is being made.
type writing struct {
	*edit
	call *call
	cl   claims
	// ids are those of the path.
	ids  []string
	body map[string]any
}

// text is a property of the body that is a string.
func (w *writing) text(name string) string { return textOf(w.body[name]) }

// outcome is the answer to a write that was taken: with an object, the path of the
// collection that it is in.
type outcome struct {
	status int
	path   string
	body   object
}

var noContent = outcome{status: http.StatusNoContent}

// rejection is the answer to a write that isn't taken.
type rejection struct {
	status        int
	code, message string
}

// Error returns the answer's words.
func (r *rejection) Error() string { return r.message }

func badRequest(format string, args ...any) error {
	return &rejection{http.StatusBadRequest, "Request_BadRequest", fmt.Sprintf(format, args...)}
}

func missing(id string) error {
	return &rejection{http.StatusNotFound, "Request_ResourceNotFound", fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)}
}

// write answers a request of Microsoft Graph that isn't a read.
func (c *call) write(cl claims, path string) {
	op, ids, found := c.operation(path)
	if !found {
		if t, known := c.dir.find(path); !known || !c.served(t.resource) {
			c.noSegment(path)
			return
		}
		c.refuseWrite(cl, c.graphError)
		return
	}
	data, err := c.body()
	done := false
	defer func() { c.logWrite(cl, data, done) }()
	for _, roles := range op.roles {
		if !c.mayRead(cl, resource{roles: roles, security: op.security}) {
			return
		}
	}
	if !c.licensed(op.licence) || c.faulted(c.graphError) {
		return
	}
	w := &writing{call: c, cl: cl, ids: ids}
	if err == nil && op.method != http.MethodDelete {
		w.body, err = c.object(data)
	}
	var out outcome
	if err == nil {
		err = c.server.change(func(e *edit) (err error) {
			w.edit = e
			out, err = op.run(w)
			return err
		})
	}
	var refused *rejection
	switch {
	case errors.As(err, &refused):
		c.graphError(refused.status, refused.code, refused.message)
		return
	case err != nil:
		c.graphError(http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	done = true
	c.out.status, c.out.body = out.status, nil
	if out.body == nil {
		c.out.header.Del("Content-Type")
	} else {
		c.out.body = append(object{{"@odata.context", quoted(c.server.url + "/v1.0/$metadata#" + out.path + "/$entity")}}, out.body...).append(nil)
	}
	c.truncate()
}

// operation finds the write that the method and the path name, with the ids of the path.
// A service principal that is named by its application id is found first.
func (c *call) operation(path string) (op operation, ids []string, found bool) {
	if rest, ok := strings.CutPrefix(path, "servicePrincipals(appId='"); ok {
		appID, below, _ := strings.Cut(rest, "')")
		if sp, known := c.dir.application("servicePrincipals", appID); known {
			appID = sp.text("id")
		}
		path = "servicePrincipals/" + appID + below
	}
	segments := strings.Split(path, "/")
	for _, op := range operations() {
		pattern := strings.Split(op.path, "/")
		if op.method != c.r.Method || len(pattern) != len(segments) || (op.clouds != nil && !slices.Contains(op.clouds, c.server.tenant.Cloud)) {
			continue
		}
		ids = ids[:0]
		same := true
		for i, segment := range segments {
			switch {
			case pattern[i] == "*":
				ids = append(ids, segment)
			case !strings.EqualFold(pattern[i], segment):
				same = false
			}
		}
		if same {
			return op, ids, true
		}
	}
	return operation{}, nil, false
}

// refuseWrite answers 405: the request is neither a read nor a documented write.
func (c *call) refuseWrite(cl claims, refuse func(status int, code, message string)) {
	refuse(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
	c.logWrite(cl, nil, false)
}

func (c *call) logWrite(cl claims, body []byte, done bool) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.writes = append(c.server.writes, Write{
		Method: c.r.Method, Path: c.path, Client: cl.AppID, Body: body, Status: c.out.status, Done: done,
	})
}
