package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// deltas are the collections that have a delta query.
var deltas = []string{"groups", "applications", "servicePrincipals", "oauth2PermissionGrants"}

// changesPage is the number of changes on a page.
const changesPage = 20

// changed is one change of an object, as a delta query tells of it.
type changed struct {
	path string
	told object
}

// place is what a $deltatoken or a $skiptoken of a delta query holds. Clients must not look
// into it.
type place struct {
	At       int      `json:"a"`
	Epoch    int      `json:"e"`
	Selected []string `json:"s"`
}

// Change gives an object of a collection other members, as an administrator would: one that
// isn't there is made, and nil in place of members takes it away. The collection's delta
// query, if it has one, tells of it.
func (s *Server) Change(path, id string, members map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := *s.dir.Load()
	dir.lists = maps.Clone(dir.lists)
	list := dir.lists[path]
	whole := make([]object, 0, list.len()+1)
	for i := range list.len() {
		whole = append(whole, list.at(i))
	}
	told := object{{"id", quoted(id)}}
	at := slices.IndexFunc(whole, func(o object) bool { return o.text("id") == id })
	switch {
	case members == nil && at < 0:
		return fmt.Errorf("changing %s: there is no %s", path, id)
	case members == nil:
		whole = slices.Delete(whole, at, at+1)
		told = append(told, member{"@removed", json.RawMessage(`{"reason":"changed"}`)})
	default:
		more, err := newObject(members)
		if err != nil {
			return fmt.Errorf("changing %s: %w", path, err)
		}
		// What was never set is left out where an object is new, what hasn't changed elsewhere.
		for _, m := range more {
			if at >= 0 || !bytes.Equal(m.raw, null) {
				told = append(told, m)
			}
		}
		if at < 0 {
			whole = append(whole, object{{"id", quoted(id)}})
			at = len(whole) - 1
		}
		for _, m := range more {
			whole[at] = whole[at].with(m.name, m.raw)
		}
	}
	dir.lists[path] = collection{fixed: whole}
	s.dir.Store(&dir)
	s.changed = append(s.changed, changed{path, told})
	return nil
}

// Forget makes every link to changes that was given before expire.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
}

// changes answers the delta query of a collection, which starts from now on or where an
// earlier link says. It never tells the whole collection.
func (c *call) changes(cl claims, path string) {
	t, _ := c.dir.find(path)
	if c.r.Method != http.MethodGet {
		c.graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "The simulated tenant is only read: "+c.r.Method+" isn't supported.")
		return
	}
	if !c.mayRead(cl, t.resource) || c.faulted(c.graphError) {
		return
	}
	c.server.mu.Lock()
	log, now := c.server.changed, place{At: len(c.server.changed), Epoch: c.server.epoch}
	c.server.mu.Unlock()
	values := c.r.URL.Query()
	now.Selected = splitList(values.Get("$select"))
	if values.Get("$deltatoken") == "latest" {
		c.tell(path, nil, "@odata.deltaLink", "$deltatoken", now)
		return
	}
	var at place
	data, err := base64.RawURLEncoding.DecodeString(first(values.Get("$deltatoken"), values.Get("$skiptoken")))
	if err != nil || json.Unmarshal(data, &at) != nil || at.At < 0 || at.At > len(log) {
		c.graphError(http.StatusBadRequest, "BadRequest", "Badly formed token.")
		return
	}
	if at.Epoch != now.Epoch {
		c.graphError(http.StatusGone, "syncStateNotFound", "The sync state generation is not found.")
		return
	}
	now.Selected = at.Selected
	var page []object
	for i := at.At; i < len(log); i++ {
		if log[i].path != path {
			continue
		}
		if len(page) == changesPage {
			now.At = i
			c.tell(path, page, "@odata.nextLink", "$skiptoken", now)
			return
		}
		page = append(page, slices.DeleteFunc(slices.Clone(log[i].told), func(m member) bool {
			return m.name != "id" && !strings.HasPrefix(m.name, "@") && !slices.Contains(at.Selected, m.name)
		}))
	}
	c.tell(path, page, "@odata.deltaLink", "$deltatoken", now)
}

// tell answers with a page of changes and the link to what comes after them.
func (c *call) tell(path string, page []object, link, token string, next place) {
	data, err := json.Marshal(next)
	if err != nil {
		panic(err) // numbers and strings always encode
	}
	if page == nil {
		page = []object{}
	}
	c.out.json(http.StatusOK, map[string]any{
		"@odata.context": c.server.url + "/v1.0/$metadata#" + path,
		link:             c.server.url + c.r.URL.EscapedPath() + "?" + url.Values{token: {encode(data)}}.Encode(),
		"value":          page,
	})
}
