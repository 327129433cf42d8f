module archfit.example/app

go 1.19
