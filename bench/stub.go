package main

import "context"

func pages(ctx context.Context, o options, kind string) ([][]string, error)   { return nil, nil }
func memory(ctx context.Context, o options, kind string) ([][]string, error)  { return nil, nil }
func startUp(ctx context.Context, o options, kind string) ([][]string, error) { return nil, nil }
func size(ctx context.Context, o options, kind string) ([][]string, error)    { return nil, nil }
