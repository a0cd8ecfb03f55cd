package web

import (
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"
)

// Cookies of the prefix __Host- are sent over https, to this host alone and to all of it.
const (
	sessionCookie = "__Host-domicile-session"
	signInCookie  = "__Host-domicile-sign-in"
)

// sessions are the people who are signed in. They are kept in memory: whoever is signed out
// is, and a new start of the server signs everybody out.
type sessions struct {
	now           func() time.Time
	idle, longest time.Duration

	mu  sync.Mutex
	all map[[32]byte]*session // by the sha256 of what the cookie holds
}

type session struct {
	who         visitor
	begun, used time.Time
}

// maxSessions bounds the memory that sessions take; the one that was used least recently
// gives way.
const maxSessions = 10_000

func newSessions(now func() time.Time, idle, longest time.Duration) *sessions {
	return &sessions{now: now, idle: idle, longest: longest, all: map[[32]byte]*session{}}
}

// begin signs a visitor in. The session's name is new, whatever cookie came in.
func (s *sessions) begin(w http.ResponseWriter, who visitor) {
	secret := rand.Text()
	key := sha256.Sum256([]byte(secret))
	who.Session, who.key = true, "session "+string(key[:])
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= maxSessions {
		s.drop(now)
	}
	s.all[key] = &session{who, now, now}
	setCookie(w, sessionCookie, secret, 0)
}

// drop forgets the sessions that are over, or else the one that was used least recently.
func (s *sessions) drop(now time.Time) {
	var oldest [32]byte
	used := now
	for key, one := range s.all {
		if s.over(one, now) {
			delete(s.all, key)
		} else if !one.used.After(used) {
			oldest, used = key, one.used
		}
	}
	if len(s.all) >= maxSessions {
		delete(s.all, oldest)
	}
}

func (s *sessions) over(one *session, now time.Time) bool {
	return now.Sub(one.used) > s.idle || now.Sub(one.begun) > s.longest
}

// find is who is signed in; nobody where the session is over.
func (s *sessions) find(w http.ResponseWriter, r *http.Request) visitor {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return visitor{}
	}
	key := sha256.Sum256([]byte(cookie.Value))
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	one, known := s.all[key]
	if !known || s.over(one, now) {
		delete(s.all, key)
		setCookie(w, sessionCookie, "", -1)
		return visitor{}
	}
	one.used = now
	return one.who
}

// end signs a visitor out.
func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		delete(s.all, sha256.Sum256([]byte(cookie.Value)))
		s.mu.Unlock()
	}
	setCookie(w, sessionCookie, "", -1)
}

// setCookie sets a cookie that no script sees; maxAge in seconds, -1 to take it back.
func setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}
