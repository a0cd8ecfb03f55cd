package chromium

// Program is the path of the browser.
func (b Browser) Program() string { return b.program }

// Candidates are the paths at which a browser may stand on a system.
var Candidates = candidates
