module archfit.example/cxx

go 1.19
