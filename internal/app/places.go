package app

import "net/http"

func (a *App) mountPages(mux *http.ServeMux) {}
