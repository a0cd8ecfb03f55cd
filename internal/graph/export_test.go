package graph

import (
	"encoding/json"
	"net/http"
)

// ParsePage is parsePage, for its fuzz test and its benchmark.
func ParsePage(body []byte, link string, objects int) (items []json.RawMessage, count int, next string, err error) {
	p, err := parsePage(body, link, objects)
	return p.objects, p.count, p.next, err
}

// ValidJSON is validJSON.
func ValidJSON(body []byte) error { return validJSON(body) }

// NewGuard returns the guard of an origin, where one path may be posted to.
func NewGuard(origin, posts string, next http.RoundTripper) http.RoundTripper {
	return &guard{origin: origin, posts: posts, next: next}
}

// Clean is clean.
func Clean(text string, runes int) string { return clean(text, runes) }
