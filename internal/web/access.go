package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
)

// role is what a visitor may do; each may do what those before it may.
type role int

const (
	nobody role = iota
	// reader sees everything.
	reader
	// operator starts scans and uploads bundles.
	operator
	// approver approves plans.
	approver
)

func (r role) String() string {
	return [...]string{"nobody", "reader", "operator", "approver"}[r]
}

// visitor is who asks.
type visitor struct {
	// Name is for people and for what is written down.
	Name string
	Role role
	// Session says that the visitor signed in and may sign out.
	Session bool

	key string // of the rate limit
}

// May says whether a visitor has a role; the templates ask.
func (v visitor) May(name string) bool {
	return name == operator.String() && v.Role >= operator || name == approver.String() && v.Role >= approver
}

// local is who asks where nobody signs in: whoever uses this machine. Approving is for
// people whose names are known.
func local() visitor { return visitor{Name: "somebody at this machine", Role: operator, key: "local"} }

// statusError is an error that the visitor is told, with a status.
type statusError struct {
	status int
	says   string
}

func (e *statusError) Error() string { return e.says }

func refuse(status int, format string, args ...any) error {
	return &statusError{status, fmt.Sprintf(format, args...)}
}

// notServed answers what no route does: there is no such page, or it takes another method.
func notServed(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		other := *r
		other.Method = method
		if _, pattern := mux.Handler(&other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return refuse(http.StatusNotFound, "There is no such page.")
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return refuse(http.StatusMethodNotAllowed, "This takes %s.", strings.Join(allowed, " and "))
}

// protect sets the headers that every answer has, and refuses what no handler should see.
func (s *Server) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if s.Config.Secure() {
			header.Set("Strict-Transport-Security", "max-age=31536000")
		}
		// The server goes on after a fault of one page.
		defer func() {
			if fault := recover(); fault != nil && fault != http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does
				s.Log.Error("a page is at fault", "path", r.Pattern, "fault", fmt.Sprint(fault), "stack", string(debug.Stack()))
				s.fail(w, r, visitor{}, errors.New("the page is at fault"))
			}
		}()
		switch {
		case s.signIn == nil && !ownHost(r.Host):
			// A page of another site whose name leads to this machine (DNS rebinding).
			s.fail(w, r, visitor{}, refuse(http.StatusMisdirectedRequest, "Without sign-in only this machine is served: use http://127.0.0.1 or http://localhost."))
		case s.origins.Check(r) != nil:
			s.fail(w, r, visitor{}, refuse(http.StatusForbidden, "The request came from another site."))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownHost says whether a Host header names this machine itself.
func ownHost(host string) bool {
	name := host
	if split, _, err := net.SplitHostPort(host); err == nil {
		name = split
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return strings.EqualFold(name, "localhost") || err == nil && address.IsLoopback()
}

// guard finds out who asks, and lets a handler answer whom its route is for.
func (s *Server) guard(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := s.visitor(w, r)
		if err == nil && !s.limits.allow(who, s.network(r)) {
			err = refuse(http.StatusTooManyRequests, "These are more requests than one visitor may send. Wait a few seconds.")
		}
		if err == nil {
			err = s.admit(to, who)
		}
		if err == nil {
			if to.body > 0 {
				r.Body = http.MaxBytesReader(w, r.Body, to.body)
			}
			err = to.handle(w, r, who)
		}
		if err != nil {
			s.fail(w, r, who, err)
		}
	})
}

// admit says whether a visitor has the role that a route asks for.
func (s *Server) admit(to route, who visitor) error {
	switch {
	case who.Role >= to.role:
		return nil
	case who.Role == nobody:
		return refuse(http.StatusUnauthorized, "Sign in to see this.")
	case s.signIn == nil:
		return refuse(http.StatusForbidden, "Approving needs sign-in, so that it is known who approved: set serve.sign_in.")
	default:
		return refuse(http.StatusForbidden, "This is for the role %s, and yours is %s.", to.role, who.Role)
	}
}

// visitor finds out who asks: a machine by its token, a person by the session, or where
// nobody signs in whoever uses this machine.
func (s *Server) visitor(w http.ResponseWriter, r *http.Request) (visitor, error) {
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		scheme, token, _ := strings.Cut(authorization, " ")
		if strings.EqualFold(scheme, "Bearer") {
			if who, known := s.machine(strings.TrimSpace(token)); known {
				return who, nil
			}
		}
		if !s.limits.allow(visitor{}, s.network(r)) {
			return visitor{}, refuse(http.StatusTooManyRequests, "These are more attempts than one visitor may make. Wait a few seconds.")
		}
		return visitor{}, refuse(http.StatusUnauthorized, "The token is not known.")
	}
	if s.signIn == nil {
		return local(), nil
	}
	return s.sessions.find(w, r), nil
}

// machine is who has a token.
func (s *Server) machine(token string) (visitor, bool) {
	sum := sha256.Sum256([]byte(token))
	got := hex.EncodeToString(sum[:])
	for _, known := range s.Config.Tokens {
		if subtle.ConstantTimeCompare([]byte(strings.ToLower(known.SHA256)), []byte(got)) == 1 {
			who := visitor{Name: "token " + known.Name, Role: reader, key: "token " + known.Name}
			if known.Role == operator.String() {
				who.Role = operator
			}
			return who, true
		}
	}
	return visitor{}, false
}

// network is where a request comes from: an IPv4 address, or the /64 of an IPv6 one, which is
// one customer's. Behind proxies that the configuration trusts it is what the last of them
// that it doesn't know was, which they have written down.
func (s *Server) network(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := from.Addr().Unmap()
	steps := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, step := range slices.Backward(steps) {
		if !slices.ContainsFunc(s.Config.TrustedProxies, func(of netip.Prefix) bool { return of.Contains(address) }) {
			break
		}
		before, err := netip.ParseAddr(strings.TrimSpace(step))
		if err != nil {
			break
		}
		address = before.Unmap().WithZone("")
	}
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().String()
	}
	return address.String()
}

// fail answers a request that can't be answered: the API with a problem (RFC 9457), the
// others with a page. Who isn't signed in is sent to sign in.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, who visitor, err error) {
	status, says := http.StatusInternalServerError, "Something went wrong here. The server's log says what."
	var known *statusError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		status, says = known.status, known.says
	case errors.As(err, &large):
		status, says = http.StatusRequestEntityTooLarge, fmt.Sprintf("That is more than %d bytes.", large.Limit)
	case r.Context().Err() != nil:
		return // nobody waits for the answer
	default:
		s.Log.Error("answering a request", "path", r.Pattern, "error", err)
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	if strings.HasPrefix(r.URL.Path, apiRoot) {
		problem(w, status, says)
		return
	}
	if status == http.StatusUnauthorized && r.Method == http.MethodGet && s.signIn != nil && r.Header.Get("Authorization") == "" {
		http.Redirect(w, r, "/sign-in?to="+queryEscape(r.URL.RequestURI()), http.StatusSeeOther) //nolint:gosec // G710: a page of this server, whatever its parameter says
		return
	}
	if err := s.pages.show(w, r, "error", status, who, "", errorPage{http.StatusText(status), says}); err != nil {
		s.Log.Error("answering a request", "error", err)
	}
}

type errorPage struct{ Title, Says string }
