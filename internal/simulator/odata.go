package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// query is the OData part of a request, checked.
type query struct {
	selected []string
	expanded map[string][]string
	// nested are the members, of an expanded one, that were expanded in turn.
	nested map[string][]string
	filter filter
	count  bool
	size   int
	skip   int
	page   int
	values url.Values
}

// queryOptions are the system query options that the simulated service knows. One that
// it doesn't is refused rather than passed over: an answer would hide the mistake.
var queryOptions = []string{"$count", "$expand", "$filter", "$select", "$skiptoken", "$top"}

// cursor is what a $skiptoken holds. Clients must not look into it.
type cursor struct {
	Skip int `json:"s"`
	Page int `json:"p"`
	Size int `json:"z"`
}

// parseQuery reads the system query options and refuses what the service refuses.
func parseQuery(values url.Values, t target, tenant *Tenant) (query, error) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if strings.HasPrefix(name, "$") && !slices.Contains(queryOptions, name) {
			return query{}, refuse("The query specified in the URI is not valid. Query option '%s' is not allowed.", name)
		}
	}
	q := query{values: values, page: 1, expanded: map[string][]string{}, nested: map[string][]string{}, size: 100}
	if t.top == 0 {
		q.size = 0
	}
	if text := values.Get("$top"); text != "" && t.top > 0 {
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 || size > t.top {
			return q, refuse("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", text, t.top)
		}
		q.size = size
	}
	q.size = smaller(q.size, tenant.doc.PageSizes[t.path])
	if text := values.Get("$skiptoken"); text != "" {
		var at cursor
		data, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || json.Unmarshal(data, &at) != nil || at.Skip < 0 || at.Page < 1 || at.Size < 1 {
			return q, refuse("Skip token is invalid.")
		}
		q.skip, q.page, q.size = at.Skip, at.Page, at.Size
	}
	if text := values.Get("$select"); text != "" {
		q.selected = splitList(text)
		for _, name := range q.selected {
			if slices.Contains(t.absent, name) && !tenant.offers(name) {
				return q, refuse("Could not find a property named '%s' on type 'microsoft.graph.%s'.", name, t.typ)
			}
		}
	}
	for _, part := range splitList(values.Get("$expand")) {
		name, inner, _ := strings.Cut(part, "(")
		if !slices.Contains(t.expands, name) {
			return q, refuse("Could not find a property named '%s' on type 'microsoft.graph.%s'.", name, t.typ)
		}
		q.expanded[name] = nil
		for option := range strings.SplitSeq(strings.TrimSuffix(inner, ")"), ";") {
			switch key, list, _ := strings.Cut(option, "="); key {
			case "":
			case "$select":
				q.expanded[name] = splitList(list)
			case "$expand":
				q.nested[name] = splitList(list)
			default:
				return q, refuse("Query option '%s' is not allowed in an $expand.", key)
			}
		}
	}
	q.count = values.Get("$count") == "true"
	if text := values.Get("$filter"); text != "" {
		if t.unfiltered {
			return q, refuse("Filter is not supported for this resource.")
		}
		var err error
		if q.filter, err = parseFilter(text); err != nil {
			return q, err
		}
	}
	for _, name := range t.wants {
		if !t.single && !q.filter.names(name) {
			return q, refuse("The request must be filtered by '%s'.", name)
		}
	}
	return q, nil
}

// smaller is the smaller of two sizes, of which 0 means no bound.
func smaller(a, b int) int {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}

// splitList splits at the commas that aren't in parentheses.
func splitList(text string) []string {
	var out []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	if last := strings.TrimSpace(text[start:]); last != "" {
		out = append(out, last)
	}
	return out
}

// one answers with a single object.
func (c *call) one(t target, q query) {
	if t.one == nil {
		if t.security {
			c.graphError(http.StatusNotFound, "NotFound", "The requested resource was not found.")
			return
		}
		c.graphError(http.StatusNotFound, "Request_ResourceNotFound", "Resource does not exist or one of its queried reference-property objects are not present.")
		return
	}
	body := append([]byte(`{"@odata.context":`), quoted(c.server.url+"/v1.0/$metadata#"+t.path+"/$entity")...)
	if shaped := c.shape(t, q, t.one).append(nil); len(shaped) > 2 {
		body = append(append(body, ','), shaped[1:]...)
	} else {
		body = append(body, '}')
	}
	c.out.status, c.out.body = http.StatusOK, body
}

// list answers with a page of a collection.
func (c *call) list(t target, q query) {
	body := append([]byte(`{"@odata.context":`), quoted(c.server.url+"/v1.0/$metadata#"+t.path)...)
	matches, total := c.pageOf(t, q)
	if q.count && q.page == 1 && (!t.directoryObject || c.r.Header.Get("ConsistencyLevel") == "eventual") {
		body = fmt.Appendf(body, `,"@odata.count":%d`, total)
	}
	if next := q.skip + len(matches); next < total {
		body = append(append(body, `,"@odata.nextLink":`...), quoted(c.next(q, next))...)
	}
	body = append(body, `,"value":[`...)
	for i, o := range matches {
		if i > 0 {
			body = append(body, ',')
		}
		body = c.shape(t, q, o).append(body)
	}
	body = append(body, "]}"...)
	c.out.status, c.out.body = http.StatusOK, body
}

// pageOf returns the objects of the page, and how many the filter lets through in all.
func (c *call) pageOf(t target, q query) (page []object, total int) {
	size := q.size
	if size == 0 {
		size = t.list.len()
	}
	if q.filter == nil {
		for i := q.skip; i < min(q.skip+size, t.list.len()); i++ {
			page = append(page, t.list.at(i))
		}
		return page, t.list.len()
	}
	for i := range t.list.len() {
		o := t.list.at(i)
		if !q.filter.match(o) {
			continue
		}
		if total >= q.skip && total < q.skip+size {
			page = append(page, o)
		}
		total++
	}
	return page, total
}

// next is the address of the page that starts at skip.
func (c *call) next(q query, skip int) string {
	token, err := json.Marshal(cursor{Skip: skip, Page: q.page + 1, Size: q.size})
	if err != nil {
		panic(err) // numbers always encode
	}
	values := url.Values{}
	for name, value := range q.values {
		values[name] = value
	}
	values.Set("$skiptoken", encode(token))
	return c.server.url + c.r.URL.EscapedPath() + "?" + values.Encode()
}

// shape gives an object the members that were asked for.
func (c *call) shape(t target, q query, o object) object {
	o = c.offered(o.without(t.expandable(q)...), t.absent...)
	switch {
	case q.selected != nil:
		expanded := make(object, 0, 1)
		for name := range q.expanded {
			if raw := o.raw(name); raw != nil {
				expanded = append(expanded, member{name, raw})
			}
		}
		o = append(o.project(slices.DeleteFunc(slices.Clone(q.selected), func(name string) bool {
			_, both := q.expanded[name]
			return both
		})), expanded...)
	case t.defaults != nil:
		o = slices.DeleteFunc(slices.Clone(o), func(m member) bool { return !slices.Contains(t.defaults, m.name) })
	}
	for name, fields := range q.expanded {
		o = c.expand(t, q, o, name, fields)
	}
	return o
}

// offered is an object without those of the members that the tenant's cloud doesn't have.
func (c *call) offered(o object, names ...string) object {
	for _, name := range names {
		if !c.server.tenant.offers(name) {
			o = o.without(name)
		}
	}
	return o
}
