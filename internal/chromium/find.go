package chromium

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
)

// ErrNotFound says that there is no browser to print with.
var ErrNotFound = errors.New("no Chromium, Chrome or Edge was found")

// Find returns the browser to print with: the one that the variable CHROME_PATH names, or
// else the first on the PATH, or else in the places in which the system keeps programs.
func Find(getenv func(string) string) (Browser, error) {
	search := getenv("PATH")
	if named := getenv("CHROME_PATH"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return Browser{}, fmt.Errorf("%w: CHROME_PATH names %s, which can't be run", ErrNotFound, named)
		}
		if path, err = filepath.Abs(path); err != nil {
			return Browser{}, err
		}
		return Browser{path, search}, nil
	}
	for _, candidate := range candidates(runtime.GOOS, getenv) {
		if path, err := exec.LookPath(candidate); err == nil {
			return Browser{path, search}, nil
		}
	}
	return Browser{}, ErrNotFound
}

// candidates are the paths at which a browser may stand, likeliest first.
func candidates(system string, getenv func(string) string) []string {
	var paths []string
	for _, folder := range filepath.SplitList(getenv("PATH")) {
		if !filepath.IsAbs(folder) {
			continue // a program of the working folder is nobody's browser
		}
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "microsoft-edge-stable", "msedge"} {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	switch system {
	case "darwin":
		for _, name := range []string{"Chromium", "Google Chrome", "Microsoft Edge"} {
			paths = append(paths, "/Applications/"+name+".app/Contents/MacOS/"+name)
		}
	case "windows":
		for _, variable := range []string{"ProgramFiles", "ProgramFiles(x86)", "LocalAppData"} {
			if folder := getenv(variable); folder != "" {
				for _, name := range []string{`Chromium\Application\chrome.exe`, `Google\Chrome\Application\chrome.exe`, `Microsoft\Edge\Application\msedge.exe`} {
					paths = append(paths, folder+`\`+name)
				}
			}
		}
	}
	return paths
}
