package web

import "slices"

// MaxRenders is how many results are written at the same time.
const MaxRenders = maxRenders

// APIRoutes lists the methods and paths of the API.
func APIRoutes() []string {
	var out []string
	for _, route := range new(Server).api() {
		out = append(out, route.method+" "+route.path)
	}
	slices.Sort(out)
	return out
}

// Route is one thing that is served, and the role that it asks for.
type Route struct{ Method, Path, Role string }

// Routes lists everything that is served.
func Routes(s *Server) []Route {
	var out []Route
	for _, route := range s.routes() {
		out = append(out, Route{route.method, route.path, route.role.String()})
	}
	return out
}
