module example.com/dylib

go 1.19
