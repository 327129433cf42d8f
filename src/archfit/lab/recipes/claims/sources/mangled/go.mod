module example.com/mangled

go 1.19
