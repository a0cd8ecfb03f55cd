package simulator

import (
	"encoding/base64"
	"encoding/json"
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
		c.refuseWrite(cl, c.graphError)
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
